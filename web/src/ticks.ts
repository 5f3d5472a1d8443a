// The seven ticks of the response ruler, from the weakest photograph to the strongest, and which exemplars each shows.

import type { ExemplarRow, UnitRow } from './data/tables'

export interface Tick {
  name: string
  title: string
  quantile: number | null
  kind: ExemplarRow['kind']
}

export const TICKS: Tick[] = [
  { name: 'least', title: 'the weakest', quantile: null, kind: 'bottom' },
  { name: 'q5', title: 'around the 5th percentile', quantile: 0.05, kind: 'quantile' },
  { name: 'q25', title: 'around the 25th percentile', quantile: 0.25, kind: 'quantile' },
  { name: 'q50', title: 'around the middle', quantile: 0.5, kind: 'quantile' },
  { name: 'q75', title: 'around the 75th percentile', quantile: 0.75, kind: 'quantile' },
  { name: 'q95', title: 'around the 95th percentile', quantile: 0.95, kind: 'quantile' },
  { name: 'strongest', title: 'the strongest', quantile: null, kind: 'top' },
]

export function shownBy(tick: Tick, exemplars: ExemplarRow[]): ExemplarRow[] {
  return exemplars
    .filter((row) => row.kind === tick.kind && (tick.quantile === null || Math.abs((row.quantile ?? -1) - tick.quantile) < 1e-6))
    .sort((a, b) => a.rank - b.rank)
}

export function valueAt(tick: Tick, row: UnitRow): number {
  return { least: row.least, q5: row.q05, q25: row.q25, q50: row.q50, q75: row.q75, q95: row.q95, strongest: row.greatest }[tick.name] ?? NaN
}

// asinh(response / scale): the axis on which the histogram's bins are equal.
export function place(row: UnitRow, value: number): number {
  const low = Math.asinh(row.bin_low / row.bin_scale)
  const high = Math.asinh(row.bin_high / row.bin_scale)
  return (Math.asinh(value / row.bin_scale) - low) / (high - low || 1)
}
