// Where an exemplar's cell lies on its unit's plate, as CSS: the plate has a row a list (strongest, five quantiles, weakest).

export const PLATE_ROWS = 7

export function onPlate(url: string | null, cell: number, columns: number): string {
  const across = cell % columns
  const down = Math.floor(cell / columns)
  const x = (100 * across) / (columns - 1 || 1)
  const y = (100 * down) / (PLATE_ROWS - 1)
  const image = url ? `url("${url}")` : 'none'
  return `background-image: ${image}; background-size: ${columns * 100}% ${PLATE_ROWS * 100}%; background-position: ${x}% ${y}%`
}
