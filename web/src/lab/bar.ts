// Bars and gratings shown to a unit, as an experimenter shows them, and what its answers are summed up by.
// Orientation is the direction that stripes run in, in degrees counterclockwise from horizontal. Pixels are in 0..1, gray is .5.

import { bytes } from './bytes'
import data from './data.json'

export interface Cell {
  unit: number
  values: number[]
  bias: number
}

export const SIDE = data.tuning.side

// The network's first filters, in the space of gray pixels: answer = bias + sum(values * pixels).
export function cells(): Cell[] {
  const stored = new Int16Array(bytes(data.tuning.filters).buffer)
  return data.tuning.bias.map((bias, unit) => ({
    unit,
    bias,
    values: Array.from({ length: SIDE * SIDE }, (_, pixel) => (stored[unit * SIDE * SIDE + pixel]! * data.tuning.limits[unit]!) / 32767),
  }))
}

// A neuron cannot fire less than never.
export function rate(cell: Cell, pixels: number[]): number {
  return Math.max(0, cell.values.reduce((sum, value, pixel) => sum + value * pixels[pixel]!, cell.bias))
}

export interface Bar {
  orientation: number
  width: number
  length: number
  offset: number
  // 1 white, -1 black.
  contrast: number
}

export function bar({ orientation, width, length, offset, contrast }: Bar): number[] {
  return picture((right, down) => {
    const [across, along] = turned(orientation, right, down)
    return 0.5 * contrast * edge(width / 2 - Math.abs(across - offset)) * edge(length / 2 - Math.abs(along))
  })
}

export function grating(orientation: number, frequency: number, phase: number): number[] {
  return picture((right, down) => 0.5 * Math.cos(2 * Math.PI * frequency * turned(orientation, right, down)[0] + phase))
}

function picture(paint: (right: number, down: number) => number): number[] {
  const middle = (SIDE - 1) / 2
  return Array.from({ length: SIDE * SIDE }, (_, pixel) => 0.5 + paint((pixel % SIDE) - middle, Math.floor(pixel / SIDE) - middle))
}

// Distance across the stripes and along them.
function turned(orientation: number, right: number, down: number): [number, number] {
  const angle = (orientation * Math.PI) / 180
  return [right * Math.sin(angle) + down * Math.cos(angle), right * Math.cos(angle) - down * Math.sin(angle)]
}

function edge(inside: number): number {
  return Math.min(1, Math.max(0, inside + 0.5))
}

function vector(rates: number[], orientations: number[]): { length: number; angle: number; total: number } {
  const sum = (part: (angle: number) => number) => rates.reduce((total, value, index) => total + value * part((orientations[index]! * Math.PI) / 90), 0)
  const [x, y] = [sum(Math.cos), sum(Math.sin)]
  return { length: Math.hypot(x, y), angle: Math.atan2(y, x), total: rates.reduce((total, value) => total + value, 0) }
}

// 1 for a flat curve, 0 where a single orientation drives the unit (Ringach 2002); NaN where none does.
export function circularVariance(rates: number[], orientations: number[]): number {
  const { length, total } = vector(rates, orientations)
  return total > 0 ? 1 - length / total : NaN
}

export function meanOrientation(rates: number[], orientations: number[]): number {
  return (((vector(rates, orientations).angle * 90) / Math.PI) % 180 + 180) % 180
}

// Half the peak's width at half its height, in degrees; at most 90.
export function halfWidth(rates: number[]): number {
  const [least, most] = [Math.min(...rates), Math.max(...rates)]
  if (!(most > least)) return NaN
  const [best, level, count] = [rates.indexOf(most), least + (most - least) / 2, rates.length]
  const crossing = (way: number) => {
    const at = (step: number) => rates[(best + way * step + count * 2) % count]!
    for (let step = 1; step < count; step++) if (at(step) < level) return step - 1 + (at(step - 1) - level) / (at(step - 1) - at(step))
    return count / 2
  }
  return Math.min(90, ((crossing(1) + crossing(-1)) / 2) * (180 / count))
}

// F1 / |F0 - blank| over a drift cycle: above 1 simple, below complex (Skottun 1991).
export function modulation(rates: number[], blank: number): number {
  const mean = rates.reduce((sum, value) => sum + value, 0) / rates.length
  const part = (wave: (angle: number) => number) => rates.reduce((sum, value, phase) => sum + value * wave((2 * Math.PI * phase) / rates.length), 0) / rates.length
  const first = 2 * Math.hypot(part(Math.cos), part(Math.sin))
  const [driven, noise] = [Math.abs(mean - blank), 1e-9 * (Math.abs(mean) + first)]
  if (first <= noise && driven <= noise) return NaN
  return driven > noise ? first / driven : Infinity
}
