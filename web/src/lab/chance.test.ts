import { expect, it } from 'vitest'

import { normal, seeded, shuffled } from './chance'
import { drawn, emptied } from './random'
import { wilson } from './wilson'

it('draws the same for the same seed, and evenly', () => {
  const [one, other] = [seeded(7), seeded(7)]
  const values = Array.from({ length: 20000 }, () => one())
  expect(values.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => other()))
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 2)
  expect(Math.max(...values.slice(0, 100))).toBeLessThan(1)
  const wave = Array.from({ length: 20000 }, () => normal(one))
  expect(wave.reduce((sum, value) => sum + value * value, 0) / wave.length).toBeCloseTo(1, 1)
})

it('shuffles without losing any, every order as often', () => {
  const seen = new Map<string, number>()
  const chance = seeded(3)
  for (let turn = 0; turn < 6000; turn++) {
    const order = shuffled([1, 2, 3], chance).join('')
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  expect([...seen.keys()].sort()).toEqual(['123', '132', '213', '231', '312', '321'])
  for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(120)
})

it('finds networks with an empty quadrant, more of them without biases', () => {
  const points = Array.from({ length: 60 }, (_, index) => [Math.cos(index), Math.sin(index * 1.3)])
  const on = [{ weights: [[1, 0], [0, 1]], biases: [5, 5] }]
  expect([emptied(on, points), emptied([{ ...on[0]!, biases: [-5, 0] }], points)]).toEqual([false, true])
  expect(drawn([2, 2, 2], 4)).toEqual(drawn([2, 2, 2], 4))
})

// scipy.stats.binomtest(...).proportion_ci(method="wilson")
it('gives the published interval', () => {
  expect(wilson(7, 10).low).toBeCloseTo(0.396777, 5)
  expect(wilson(7, 10).high).toBeCloseTo(0.892209, 5)
  expect(wilson(0, 20)).toEqual({ low: 0, high: expect.closeTo(0.161125, 5) })
})
