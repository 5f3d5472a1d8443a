import { expect, it } from 'vitest'

import type { SeenRow } from './data/tables'
import { atPixel, pixelOf } from './seen'

const at = (site: string, row: number, column: number, unit: number, side: number, kind = 'place') =>
  ({ site, kind, row, column, unit, rank: 0, top: 4 * row, left: 4 * column, bottom: 4 * row + side, right: 4 * column + side }) as SeenRow

it('takes of each site the place that is centred nearest, and only one that sees the pixel', () => {
  const rows = [at('a', 0, 0, 1, 4), at('a', 0, 1, 2, 4), at('a', 0, 1, 3, 4), at('b', 0, 0, 4, 16), at('b', 1, 1, 5, 16), at('c', 9, 9, 6, 4), at('a', 0, 1, 7, 4, 'most')]
  expect(atPixel(rows, 1, 6).map((one) => one.unit)).toEqual([2, 3, 4])
  expect(atPixel(rows, 12, 12).map((one) => one.unit)).toEqual([5])
})

it('reads a pixel of the photograph, and none that it has not', () => {
  const photo = { height: 64, width: 48 }
  expect(pixelOf('63,47', photo)).toEqual({ row: 63, column: 47 })
  for (const text of ['', '64,0', '0,48', '-1,3', '3', 'a,b']) expect(pixelOf(text, photo)).toBeNull()
})
