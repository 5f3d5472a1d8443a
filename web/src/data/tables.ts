// A site's Parquet files as rows. Files are of some hundred kilobytes, so each is fetched whole; a very large table is in several.

import { parquetRead, parquetReadObjects } from 'hyparquet'

import { fetchWhole } from './files'

export type Verdict = 'stands' | 'leans' | "can't tell" | 'salmon' | 'not tested'

export interface UnitRow {
  unit: number
  label: string | null
  cell: number
  verdict: Verdict
  sentence: string | null
  dead: boolean
  zero: number
  mean: number
  sd: number
  least: number
  q05: number
  q25: number
  q50: number
  q75: number
  q95: number
  greatest: number
  bins: number[]
  bin_low: number
  bin_high: number
  bin_scale: number
  plate_pack: number
  plate_offset: number
  plate_length: number
  picture_pack: number
  picture_offset: number
  picture_length: number
  picture_count: number
  picture_activation: number | null
  picture_verdict: string | null
  picture_alt: string | null
  // Of each picture on its sheet, three a row; one picture where the atlas is older.
  picture_activations?: number[] | null
  picture_alts?: string[] | null
  effect: number | null
  q: number | null
}

export interface ExemplarRow {
  unit: number
  kind: 'top' | 'bottom' | 'quantile'
  quantile: number | null
  rank: number
  fold: number
  cell: number
  photo: string
  activation: number
  row: number
  column: number
  alt: string
  top: number
  left: number
  bottom: number
  right: number
  input_top: number
  input_left: number
  input_bottom: number
  input_right: number
  // Where its attribution map lies; no rows where it has none.
  map_pack?: number
  map_offset?: number
  map_rows?: number
  map_columns?: number
  map_limit?: number
}

// A photograph that drives a unit most or least in one half. `cell` lies on the unit's plate where `pack` is -1, else on its sheet of references.
export interface ReferenceRow {
  unit: number
  kind: 'top' | 'bottom'
  fold: number
  rank: number
  photo: string
  activation: number
  alt: string
  cell: number
  pack: number
  offset: number
  length: number
}

// Photographs of each kind and half in the published task, and cells in a row of a sheet of references.
export const REFERENCES = 9

export interface Sheet {
  path: string
  offset: number
  length: number
  rows: number
}

export type HalfRow = Pick<ReferenceRow, 'unit' | 'kind' | 'fold' | 'rank' | 'photo' | 'activation' | 'alt' | 'cell'> & { sheet?: Sheet }

// A unit that this one reads (`in`) or that reads it (`out`), with the weights between them.
export interface LinkRow {
  unit: number
  way: 'in' | 'out'
  rank: number
  site: string
  other: number
  weight: number
  strength: number
  rows: number
  columns: number
  kernel: number[]
}

// Answers to drifting gratings by orientation, evenly spaced over 180 degrees.
export interface TuningRow {
  unit: number
  driven: boolean
  rates: number[]
  frequency: number
  preferred: number
  variance: number
  bandwidth: number
  ratio: number
}

// Where a photograph lies in the packs, and its size in the input frame.
export interface WholeRow {
  photo: string
  pack: number
  offset: number
  length: number
  height: number
  width: number
}

// What a photograph of the gallery drives: its most driven neurons, and the units most above their usual at some places.
export interface SeenRow {
  site: string
  kind: 'most' | 'place'
  rank: number
  unit: number
  response: number
  share: number
  above: number
  row: number
  column: number
  top: number
  left: number
  bottom: number
  right: number
}

export interface EvidenceRow {
  unit: number
  claim: string
  viewer: string
  null: string
  effect: number
  low: number
  high: number
  p: number
  q: number
  floor: number
  count: number
  draws: number
  verdict: Verdict
  sentence: string
}

export async function readTables<T>(urls: string[]): Promise<T[]> {
  const parts = await Promise.all(urls.map(async (url) => parquetReadObjects({ file: await fetchWhole(url) })))
  return parts.flat().map(plain) as T[]
}

// A table as columns, and its rows made when their unit is asked for: eighty thousand objects at once would keep the page waiting.
export interface Grouped<T> {
  units: number[]
  of: (unit: number) => T[]
}

export async function readByUnit<T>(urls: string[]): Promise<Grouped<T>> {
  const columns: [string, ArrayLike<unknown>][] = []
  const onChunk = ({ columnName, columnData }: { columnName: string; columnData: ArrayLike<unknown> }) => {
    const before = columns.findIndex(([name]) => name === columnName)
    if (before < 0) columns.push([columnName, columnData])
    else columns[before] = [columnName, [...Array.from(columns[before]![1]), ...Array.from(columnData)]]
  }
  for (const file of await Promise.all(urls.map((url) => fetchWhole(url)))) await parquetRead({ file, onChunk })
  const rows = new Map<number, number[]>()
  const units = columns.find(([name]) => name === 'unit')?.[1] ?? []
  for (let place = 0; place < units.length; place++) {
    const known = rows.get(units[place] as number)
    if (known) known.push(place)
    else rows.set(units[place] as number, [place])
  }
  const made = (place: number) => plain(Object.fromEntries(columns.map(([name, values]) => [name, values[place]]))) as T
  return { units: [...rows.keys()], of: (unit) => (rows.get(unit) ?? []).map(made) }
}

export function byUnit(rows: EvidenceRow[]): Map<number, EvidenceRow[]> {
  const grouped = new Map<number, EvidenceRow[]>()
  for (const row of rows) {
    const known = grouped.get(row.unit)
    if (known) known.push(row)
    else grouped.set(row.unit, [row])
  }
  return grouped
}

export function byPhoto(rows: WholeRow[]): Map<string, WholeRow> {
  return new Map(rows.map((row) => [row.photo, row]))
}

// 64-bit integers come as BigInt; all of ours are counts that a double holds.
function plain(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'bigint') row[name] = Number(value)
    else if (Array.isArray(value)) row[name] = value.map((entry) => (typeof entry === 'bigint' ? Number(entry) : entry))
  }
  return row
}

// What can't be: a p under its floor, a q under its p, dots that tell another count than the row. The page says so in place of the claim.
export function contradiction(row: EvidenceRow, dots: number[] | null = null): string | null {
  if (Number.isNaN(row.p)) return null
  if (row.floor > row.p * (1 + 1e-5) || row.p > row.q * (1 + 1e-5))
    return `This row contradicts itself (floor ${row.floor}, p ${row.p}, q ${row.q}) and is not shown.`
  if (!dots?.length || row.null !== 'twins' || row.draws === 0) return null
  // The table's numbers are of single precision, the dots' are not; equal ones must stay equal.
  const drawn = dots.filter((dot) => Math.fround(dot) >= row.effect).length / dots.length
  const told = row.count / row.draws
  // Dots are quantiles: they may miss the count by one dot, and by one draw where they lie between two; no more.
  if (Math.abs(drawn - told) <= 1 / dots.length + 1 / row.draws + 1e-6) return null
  return `The dots and the count disagree (${Math.round(drawn * dots.length)} of ${dots.length} dots, ${row.count} of ${row.draws} units), so neither is shown.`
}
