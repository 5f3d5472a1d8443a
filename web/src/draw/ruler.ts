// The response ruler as geometry: bars on an asinh axis, seven places on it, and a break for what lies beyond every photograph.

import type { UnitRow } from '../data/tables'
import { place, TICKS, valueAt } from '../ticks'

export interface Ruler {
  bars: { x: number; width: number; height: number }[]
  // From each tick's place on the axis to the middle of its button below.
  leaders: { from: number; to: number }[]
  // Where the synthesised picture stands; `beyond` the break when it exceeds the strongest photograph.
  synthesised: { x: number; beyond: boolean } | null
  end: number
}

const BREAK = 64

export function ruler(row: UnitRow, width: number, tall: number): Ruler {
  const beyond = row.picture_activation !== null && row.picture_activation > row.bin_high
  const end = beyond ? Math.max(width - BREAK, width / 2) : width
  const most = Math.max(1, ...row.bins)
  const step = end / (row.bins.length || 1)
  const on = (value: number) => Math.min(1, Math.max(0, place(row, value))) * end
  const leaders = TICKS.map((tick, index) => ({ from: on(valueAt(tick, row)), to: ((index + 0.5) * width) / TICKS.length }))
  return {
    bars: row.bins.map((bin, index) => ({ x: index * step + 0.5, width: Math.max(0.5, step - 1), height: (tall * bin) / most })),
    leaders,
    synthesised: row.picture_activation === null ? null : { x: beyond ? width - 8 : on(row.picture_activation), beyond },
    end,
  }
}
