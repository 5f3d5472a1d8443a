// A column's histogram for its filter: equal bins between the least and the greatest value, heights in pixels of a small plot.

export interface Bins {
  counts: number[]
  low: number
  high: number
}

export function histogram(values: number[], bins: number, tall = 28): Bins {
  const finite = values.filter(Number.isFinite)
  const low = finite.reduce((least, value) => Math.min(least, value), Infinity)
  const high = finite.reduce((most, value) => Math.max(most, value), -Infinity)
  if (!finite.length) return { counts: [], low: 0, high: 1 }
  const counts = new Array<number>(bins).fill(0)
  for (const value of finite) counts[Math.min(bins - 1, Math.floor((bins * (value - low)) / (high - low || 1)))]!++
  const most = Math.max(...counts)
  // A bin with anything in it is never drawn as empty.
  return { counts: counts.map((some) => (some ? Math.max(1, (tall * some) / most) : 0)), low, high }
}
