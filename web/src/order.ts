// The order and the choice of a site's units: the same for the grid, the table and paging from unit to unit.

import type { UnitRow } from './data/tables'

export const SORTS: Record<string, (a: UnitRow, b: UnitRow) => number> = {
  verdict: (a, b) => a.cell - b.cell,
  effect: (a, b) => (b.effect ?? -Infinity) - (a.effect ?? -Infinity) || a.unit - b.unit,
  unit: (a, b) => a.unit - b.unit,
  greatest: (a, b) => b.greatest - a.greatest || a.unit - b.unit,
}

export function arranged(rows: UnitRow[], view: Record<string, string>): UnitRow[] {
  const wanted = view.verdict ? view.verdict.split(',') : null
  const kept = wanted ? rows.filter((row) => wanted.includes(row.verdict)) : rows
  return [...kept].sort(SORTS[view.sort ?? 'verdict'] ?? SORTS.verdict)
}

// What of a site's view travels to its units' pages, so that paging keeps the order.
export function carried(view: Record<string, string>): Record<string, string> {
  return { sort: view.sort ?? '', verdict: view.verdict ?? '' }
}
