// The seven ticks of the response ruler, from the weakest photograph to the strongest, and which exemplars each shows.

import { count } from './format'
import type { ExemplarRow, UnitRow } from './data/tables'

export interface Tick {
  name: string
  short: string
  title: string
  quantile: number | null
  kind: ExemplarRow['kind']
}

export const TICKS: Tick[] = [
  { name: 'least', short: 'least', title: 'the weakest', quantile: null, kind: 'bottom' },
  { name: 'q5', short: '5 %', title: 'around the 5th percentile', quantile: 0.05, kind: 'quantile' },
  { name: 'q25', short: '25 %', title: 'around the 25th percentile', quantile: 0.25, kind: 'quantile' },
  { name: 'q50', short: '50 %', title: 'around the middle', quantile: 0.5, kind: 'quantile' },
  { name: 'q75', short: '75 %', title: 'around the 75th percentile', quantile: 0.75, kind: 'quantile' },
  { name: 'q95', short: '95 %', title: 'around the 95th percentile', quantile: 0.95, kind: 'quantile' },
  { name: 'strongest', short: 'most', title: 'the strongest', quantile: null, kind: 'top' },
]

export function shownBy(tick: Tick, exemplars: ExemplarRow[]): ExemplarRow[] {
  return exemplars
    .filter((row) => row.kind === tick.kind && (tick.quantile === null || Math.abs((row.quantile ?? -1) - tick.quantile) < 1e-6))
    .sort((a, b) => a.rank - b.rank)
}

export function valueAt(tick: Tick, row: UnitRow): number {
  return { least: row.least, q5: row.q05, q25: row.q25, q50: row.q50, q75: row.q75, q95: row.q95, strongest: row.greatest }[tick.name] ?? NaN
}

// How many of the panel's photographs respond less than those of a tick.
export function fewer(tick: Tick, panel: number): string {
  if (tick.quantile === null) return tick.kind === 'top' ? 'all less' : 'none less'
  return `${count(Math.round(tick.quantile * panel))} less`
}

// asinh(response / scale): the axis on which the histogram's bins are equal.
export function place(row: UnitRow, value: number): number {
  const low = Math.asinh(row.bin_low / row.bin_scale)
  const high = Math.asinh(row.bin_high / row.bin_scale)
  return (Math.asinh(value / row.bin_scale) - low) / (high - low || 1)
}

// Which photographs a tick shows, with how many respond more and less: the strongest nine are not what the unit is about.
export function told(tick: Tick, shown: number, photographs: number, panel: number): string {
  if (tick.kind === 'top') return `the strongest ${shown} of ${count(photographs)}`
  if (tick.kind === 'bottom') return `the weakest ${shown} of ${count(photographs)}`
  const below = Math.round((tick.quantile ?? 0) * panel)
  return `${shown} near the ${Math.round(100 * (tick.quantile ?? 0))} % point: ${count(below)} of ${count(panel)} respond less`
}
