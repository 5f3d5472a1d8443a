// The null strip as geometry: 50 dots that can be counted, a tick a twin, the observed line and its interval.

export interface Dot {
  x: number
  y: number
  value: number
}

export interface Strip {
  dots: Dot[]
  ticks: number[]
  observed: number | null
  interval: [number, number] | null
  chance: number
  radius: number
  axis: number
}

export interface Axis {
  low: number
  high: number
  width: number
}

export function scale(axis: Axis, value: number): number {
  const span = axis.high - axis.low || 1
  return ((value - axis.low) / span) * (axis.width - 12) + 6
}

// Dots are stacked in columns as wide as a dot: nothing is smoothed, each dot is one fiftieth of the null.
export function stack(values: number[], axis: Axis, radius: number, base: number): Dot[] {
  const columns = new Map<number, number>()
  const step = 2 * radius + 0.6
  return [...values]
    .sort((a, b) => a - b)
    .map((value) => {
      const column = Math.round(scale(axis, value) / step)
      const height = columns.get(column) ?? 0
      columns.set(column, height + 1)
      return { x: column * step, y: base - radius - 1 - height * step, value }
    })
}

export function highest(values: number[], axis: Axis, radius: number): number {
  const heights = new Map<number, number>()
  for (const value of values) {
    const column = Math.round(scale(axis, value) / (2 * radius + 0.6))
    heights.set(column, (heights.get(column) ?? 0) + 1)
  }
  return Math.max(0, ...heights.values())
}

// The largest radius at which the tallest stack fits; never so small that dots cannot be counted on zooming in.
export function fitRadius(values: number[], axis: Axis, room: number): number {
  for (let radius = 2.6; radius > 0.7; radius -= 0.1) {
    if (highest(values, axis, radius) * (2 * radius + 0.6) <= room) return radius
  }
  return 0.7
}

export function strip(
  null_: { dots: number[]; ticks: number[] } | null,
  axis: Axis,
  row: { effect: number; low: number; high: number } | null,
  chance: number,
): Strip {
  const base = 34
  const dots = null_?.dots ?? []
  const radius = fitRadius(dots, axis, base - 6)
  const finite = (value: number) => Number.isFinite(value)
  return {
    dots: stack(dots, axis, radius, base),
    ticks: (null_?.ticks ?? []).map((tick) => scale(axis, tick)),
    observed: row && finite(row.effect) ? scale(axis, row.effect) : null,
    interval:
      row && finite(row.low) && finite(row.high)
        ? [scale(axis, Math.max(row.low, axis.low)), scale(axis, Math.min(row.high, axis.high))]
        : null,
    chance: scale(axis, chance),
    radius,
    axis: base,
  }
}
