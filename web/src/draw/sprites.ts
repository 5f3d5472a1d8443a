// Where a unit's cell lies on the sprite sheets, and drawing a viewport of cells on a canvas.

import type { Sprites } from '../schema'

export interface Cell {
  url: string
  x: number
  y: number
  size: number
  sheet: number
}

export function cellAt(sprites: Sprites, cell: number): Cell | null {
  const full = sprites.columns * sprites.columns
  const sheet = Math.floor(cell / full)
  const file = sprites.sheets[sheet]
  if (!file) return null
  const within = cell % full
  return {
    url: file.path,
    x: (within % sprites.columns) * sprites.size,
    y: Math.floor(within / sprites.columns) * sprites.size,
    size: sprites.size,
    sheet,
  }
}

// The sheets' cell size that a screen needs for cells of `size` CSS pixels: never enlarged while a larger one is there.
export function mip(sprites: Sprites[], view: string, size: number, ratio: number): Sprites | null {
  const fitting = sprites.filter((one) => one.view === view).sort((a, b) => a.size - b.size)
  return fitting.find((one) => one.size >= size * ratio) ?? fitting[fitting.length - 1] ?? null
}

// How many cells of `size`, a pixel apart, a row of `room` pixels holds whole: at least one, at most `many`.
export function fitting(many: number, size: number, room: number): number {
  return Math.max(1, Math.min(many, Math.floor((room + 1) / (size + 1))))
}
