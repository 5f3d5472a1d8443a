// Networks as they are before they learn: weights N(0, 2 / inputs), biases uniform within 1 / sqrt(inputs) (He 2015).

import { normal, seeded } from './chance'
import { forward, type Layer } from './plane'

export function drawn(sizes: number[], seed: number): Layer[] {
  const chance = seeded(seed)
  return sizes.slice(1).map((out, layer) => {
    const fed = sizes[layer]!
    const weights = Array.from({ length: out }, () => Array.from({ length: fed }, () => normal(chance) * Math.sqrt(2 / fed)))
    return { weights, biases: Array.from({ length: out }, () => (2 * chance() - 1) / Math.sqrt(fed)) }
  })
}

// Whether some layer has no point for which all of its units are on.
export function emptied(layers: Layer[], points: number[][]): boolean {
  const whole = layers.map(() => false)
  for (const point of points) forward(layers, point).after.forEach((values, layer) => (whole[layer] ||= values.every((value) => value > 0)))
  return whole.includes(false)
}
