// The columns of a site's units, their order and choice: the same for the grid, the table and paging from unit to unit.

import { contradiction, type EvidenceRow, type UnitRow } from './data/tables'
import type { ClaimSummary, SiteEntry } from './schema'

export type Judged = Map<number, EvidenceRow[]>

export interface Column {
  key: string
  title: string
  // What it is beside its claim: `effect` gets a filter of its own, `probability` is printed as one.
  kind: 'effect' | 'probability' | 'response' | 'share' | 'unit'
  claim?: ClaimSummary
  value: (row: UnitRow) => number | null
}

// A claim's name in addresses; the viewer's is added where several looked.
export function keyOf(site: SiteEntry, claim: ClaimSummary): string {
  const several = site.claims.filter((one) => one.claim === claim.claim).length > 1
  return several && claim.viewer ? `${claim.claim}.${claim.viewer}` : claim.claim
}

export function columnsOf(site: SiteEntry, judged: Judged): Column[] {
  const base: Column[] = [
    { key: 'unit', title: 'unit', kind: 'unit', value: (row) => row.unit },
    { key: 'greatest', title: 'greatest response', kind: 'response', value: (row) => row.greatest },
    { key: 'zero', title: 'zero on', kind: 'share', value: (row) => row.zero },
    { key: 'picture', title: 'synthesised reached', kind: 'response', value: (row) => row.picture_activation },
  ]
  return [...site.claims.flatMap((claim) => columnsOfClaim(site, claim, judged)), ...base]
}

function columnsOfClaim(site: SiteEntry, claim: ClaimSummary, judged: Judged): Column[] {
  const key = keyOf(site, claim)
  // What contradicts itself is no value to print, sort or filter by.
  const of = (row: UnitRow) => (judged.get(row.unit) ?? []).filter((one) => one.claim === claim.claim && one.viewer === claim.viewer && contradiction(one) === null)
  const nulls = new Set<string>()
  for (const rows of judged.values()) for (const one of rows) if (one.claim === claim.claim && one.viewer === claim.viewer) nulls.add(one.null)
  const finite = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value)
  const effect = (name: 'effect' | 'low' | 'high', title: string): Column => ({
    key: name === 'effect' ? `${key}.effect` : `${key}.${name}`,
    title: `${claim.title}: ${title}`,
    kind: 'effect',
    claim,
    value: (row) => finite(of(row)[0]?.[name]),
  })
  const probabilities = [...nulls].flatMap((name): Column[] =>
    (['p', 'q'] as const).map((letter) => ({
      key: `${key}.${name.replaceAll(' ', '_')}.${letter}`,
      title: `${claim.title}: ${letter} against ${name}`,
      kind: 'probability',
      claim,
      value: (row) => finite(of(row).find((one) => one.null === name)?.[letter]),
    })),
  )
  return [effect('effect', claim.unit_of_effect), effect('low', 'low end'), effect('high', 'high end'), ...probabilities]
}

// `verdict` is the order in which the atlas was written; a minus sign puts the greatest first. What has no value comes last.
export function sorted(rows: UnitRow[], columns: Column[], sort: string): UnitRow[] {
  const column = columns.find((one) => one.key === sort.replace(/^-/, ''))
  if (!column) return [...rows].sort((a, b) => a.cell - b.cell)
  const sign = sort.startsWith('-') ? -1 : 1
  // Each value is looked up once: ten thousand units are compared a hundred thousand times.
  const keyed = rows.map((row) => ({ row, value: column.value(row) }))
  keyed.sort(({ row: a, value: one }, { row: b, value: other }) => {
    if (one === null || other === null) return Number(one === null) - Number(other === null) || a.cell - b.cell
    return sign * (one - other) || a.cell - b.cell
  })
  return keyed.map(({ row }) => row)
}

export interface Range {
  key: string
  low: number
  high: number
}

// `identification.effect:0.5..2,...`: ranges that a unit must lie in; either end may be left out.
export function readRanges(text: string | undefined): Range[] {
  return (text ?? '')
    .split(',')
    .map((one) => /^(.+):(.*)\.\.(.*)$/.exec(one))
    .filter((found) => found !== null)
    .map(([, key, low, high]) => ({ key: key!, low: low ? Number(low) : -Infinity, high: high ? Number(high) : Infinity }))
    .filter((range) => !Number.isNaN(range.low) && !Number.isNaN(range.high))
}

export function writeRanges(ranges: Range[]): string {
  const end = (value: number) => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '')
  return ranges
    .filter((range) => Number.isFinite(range.low) || Number.isFinite(range.high))
    .map((range) => `${range.key}:${end(range.low)}..${end(range.high)}`)
    .join(',')
}

export function arranged(rows: UnitRow[], view: Record<string, string>, columns: Column[]): UnitRow[] {
  const wanted = view.verdict ? view.verdict.split(',') : null
  const ranges = readRanges(view.in).map((range) => ({ ...range, column: columns.find((one) => one.key === range.key) }))
  const within = (row: UnitRow) =>
    ranges.every(({ column, low, high }) => {
      const value = column?.value(row) ?? null
      return !column || (value !== null && value >= low && value <= high)
    })
  const kept = rows.filter((row) => (!wanted || wanted.includes(row.verdict)) && within(row))
  return sorted(kept, columns, view.sort ?? 'verdict')
}

// What of a site's view travels to its units' pages, so that paging keeps the order.
export function carried(view: Record<string, string>): Record<string, string> {
  return { sort: view.sort ?? '', verdict: view.verdict ?? '', in: view.in ?? '' }
}
