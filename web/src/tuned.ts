import { number } from './format'

// What a curve of answers by orientation prefers: its mean direction, in degrees from 0 to 180, where its peak lies there too, within one step; else
// both are told, for the mean of a curve of two peaks may lie where the unit answers nothing.
export function preference(rates: number[], mean: number): string {
  const step = 180 / rates.length
  const peak = step * rates.indexOf(Math.max(...rates))
  const apart = 90 - Math.abs(90 - (Math.abs(mean - peak) % 180))
  const [at, most] = [mean, peak].map((angle) => `${number(Math.round(angle) % 180)}°`)
  return apart <= step ? `Prefers stripes at ${at}` : `Answers stripes at ${most} most; the mean direction of its answers is ${at}`
}
