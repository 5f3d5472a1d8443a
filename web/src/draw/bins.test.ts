import { expect, it } from 'vitest'

import { histogram } from './bins'

it('counts every finite value once, and draws no bin with something in it as empty', () => {
  const bins = histogram([0, 0, 0, 0.1, 1, NaN], 10, 30)
  expect(bins).toMatchObject({ low: 0, high: 1 })
  expect(bins.counts).toEqual([30, 10, 0, 0, 0, 0, 0, 0, 0, 10])
  expect(histogram(Array.from({ length: 100_000 }, () => 3).concat(4), 4).counts).toEqual([28, 0, 0, 1])
  expect(histogram([], 4).counts).toEqual([])
})
