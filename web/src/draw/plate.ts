// Where a cell lies on a sheet, as CSS. A unit's plate has a row a list: strongest, five quantiles, weakest.

export const PLATE_ROWS = 7

export function onPlate(url: string | null, cell: number, columns: number, rows = PLATE_ROWS): string {
  const share = (place: number, of: number) => (100 * place) / (of - 1 || 1)
  const image = url ? `url("${url}")` : 'none'
  const position = `${share(cell % columns, columns)}% ${share(Math.floor(cell / columns), rows)}%`
  return `background-image: ${image}; background-size: ${columns * 100}% ${rows * 100}%; background-position: ${position}`
}

// A unit's synthesised pictures lie three a row, a single one alone.
const PICTURES_ACROSS = 3

export function onPicture(url: string | null, cell: number, count: number): string {
  return onPlate(url, cell, Math.min(PICTURES_ACROSS, count), Math.ceil(count / PICTURES_ACROSS))
}
