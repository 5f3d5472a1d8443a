import { describe, expect, it } from 'vitest'

import { fitRadius, highest, scale, stack, strip } from './strip'

const axis = { low: -1, high: 3, width: 392 }
const dots = Array.from({ length: 50 }, (_, index) => Math.sin(index) + 1)

describe('the null strip', () => {
  it('maps the axis to its width, less a margin for the head', () => {
    expect(scale(axis, -1)).toBe(6)
    expect(scale(axis, 3)).toBe(386)
    expect(scale(axis, 1)).toBeCloseTo(196)
  })

  it('draws every dot once, none over another', () => {
    const radius = fitRadius(dots, axis, 28)
    const drawn = stack(dots, axis, radius, 34)
    expect(drawn).toHaveLength(50)
    const places = new Set(drawn.map((dot) => `${dot.x.toFixed(3)},${dot.y.toFixed(3)}`))
    expect(places.size).toBe(50)
    for (const dot of drawn) expect(Math.abs(dot.x - scale(axis, dot.value))).toBeLessThanOrEqual(radius + 0.3 + 1e-9)
  })

  it('shrinks dots until the tallest stack fits', () => {
    const same = Array.from({ length: 12 }, () => 0.5)
    const radius = fitRadius(same, axis, 28)
    expect(highest(same, axis, radius) * (2 * radius + 0.6)).toBeLessThanOrEqual(28)
    expect(fitRadius([0.5], axis, 28)).toBeGreaterThan(radius)
  })

  it('cuts an interval at the axis, and shows none where there is none', () => {
    const drawn = strip({ dots, ticks: [0] }, axis, { effect: 2, low: -9, high: 9 }, 0)
    expect(drawn.interval).toEqual([6, 386])
    expect(strip(null, axis, { effect: NaN, low: NaN, high: NaN }, 0)).toMatchObject({ observed: null, interval: null, dots: [] })
  })
})
