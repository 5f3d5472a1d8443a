import { expect, it } from 'vitest'

import { type Layout, touched } from './bands'

const layout: Layout = { tall: 136, wide: 1000, bands: 74, ratio: 1 }

it('touches the bands of a screen, and one beyond each end', () => {
  expect(touched(layout, 0, 900)).toEqual([0, 8])
  expect(touched(layout, 1360, 900)).toEqual([9, 18])
  expect(touched(layout, 73 * 136, 900)).toEqual([72, 74])
  expect(touched(layout, 1360, 136, 0)).toEqual([10, 11])
})

it('gives neighbouring screens bands that overlap, so that scrolling draws only what is new', () => {
  const [first, last] = touched(layout, 2000, 900)
  const [next, end] = touched(layout, 2133, 900)
  expect(next - first).toBeLessThanOrEqual(1)
  expect(end - last).toBeLessThanOrEqual(1)
})
