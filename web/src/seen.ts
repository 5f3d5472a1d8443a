// Which units look at a pixel: of every site the place whose field is centred nearest to it, and the rows of that place.

import type { SeenRow } from './data/tables'

export function atPixel(rows: SeenRow[], row: number, column: number): SeenRow[] {
  const nearest = new Map<string, { far: number; place: string }>()
  const placed = rows.filter((one) => one.kind === 'place' && one.right > one.left)
  for (const one of placed) {
    const sees = row >= one.top && row < one.bottom && column >= one.left && column < one.right
    const far = Math.hypot((one.top + one.bottom) / 2 - row - 0.5, (one.left + one.right) / 2 - column - 0.5)
    const known = nearest.get(one.site)
    if (sees && (!known || far < known.far)) nearest.set(one.site, { far, place: `${one.row},${one.column}` })
  }
  return placed.filter((one) => nearest.get(one.site)?.place === `${one.row},${one.column}`)
}

// A pixel as the address has it: `row,column`; none for the whole photograph, and for a pixel that the photograph has not.
export function pixelOf(text: string, of: { height: number; width: number }): { row: number; column: number } | null {
  const [row, column] = text.split(',').map(Number)
  const within = (value: number | undefined, most: number) => value !== undefined && value >= 0 && value < most
  return text && within(row, of.height) && within(column, of.width) ? { row: row!, column: column! } : null
}
