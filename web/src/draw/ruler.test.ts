import { expect, it } from 'vitest'

import type { UnitRow } from '../data/tables'
import { fewer, place, shownBy, TICKS, told } from '../ticks'
import { ruler } from './ruler'

const row = {
  bins: [1, 4, 2, 1],
  bin_low: -1,
  bin_high: 9,
  bin_scale: 2,
  least: -1,
  q05: 0,
  q25: 1,
  q50: 2,
  q75: 4,
  q95: 8,
  greatest: 9,
  picture_activation: 40,
} as UnitRow

it('places responses on an asinh axis', () => {
  expect(place(row, -1)).toBe(0)
  expect(place(row, 9)).toBe(1)
  expect(place(row, 2)).toBeCloseTo((Math.asinh(1) + Math.asinh(0.5)) / (Math.asinh(4.5) + Math.asinh(0.5)))
})

it('puts a picture that exceeds every photograph beyond the break', () => {
  const drawn = ruler(row, 700, 40)
  expect(drawn.synthesised).toEqual({ x: 692, beyond: true })
  expect(drawn.end).toBe(636)
  expect(drawn.leaders.map((leader) => leader.from)).toEqual([...drawn.leaders.map((leader) => leader.from)].sort((a, b) => a - b))
  expect(drawn.leaders.at(-1)).toEqual({ from: 636, to: 650 })
  expect(Math.max(...drawn.bars.map((bar) => bar.height))).toBe(40)
  expect(ruler({ ...row, picture_activation: 4 }, 700, 40)).toMatchObject({ end: 700, synthesised: { beyond: false } })
  expect(ruler({ ...row, picture_activation: null }, 700, 40).synthesised).toBeNull()
})

it('shows at each tick its own photographs, in order of rank', () => {
  const rows = [
    { kind: 'top', quantile: null, rank: 1 },
    { kind: 'top', quantile: null, rank: 0 },
    { kind: 'quantile', quantile: Math.fround(0.05), rank: 0 },
    { kind: 'bottom', quantile: null, rank: 0 },
  ] as never[]
  expect(TICKS.map((tick) => shownBy(tick, rows).length)).toEqual([1, 1, 0, 0, 0, 0, 2])
  expect(shownBy(TICKS[6]!, rows).map((one) => one.rank)).toEqual([0, 1])
  expect(TICKS.map((tick) => fewer(tick, 10000))).toEqual(['none less', '500 less', '2,500 less', '5,000 less', '7,500 less', '9,500 less', 'all less'])
  expect(told(TICKS[5]!, 9, 50000, 10000)).toBe('9 near the 95 % point: 9,500 of 10,000 respond less')
})
