import { expect, it } from 'vitest'

import { colours, crossings, painted, toOklab } from './signed'

const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, axis) => value - b[axis]!))
const hex = (rgb: number[]) => '#' + rgb.map((value) => value.toString(16).padStart(2, '0')).join('')

// Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
const BLIND = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
}
const linear = (value: number) => (value <= 10.31 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
const gamma = (value: number) => Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055))

function seenBy(matrix: number[], rgb: number[]): number[] {
  const light = rgb.map(linear)
  return [0, 3, 6].map((row) => gamma(Math.min(1, Math.max(0, light.reduce((sum, value, axis) => sum + matrix[row + axis]! * value, 0)))))
}

it('tells up from down to every eye, in both themes', () => {
  for (const dark of [false, true]) {
    const table = colours(dark)
    const [down, up] = [table[0]!, table[254]!]
    expect(Math.abs(toOklab(hex(down))[0] - toOklab(hex(up))[0])).toBeLessThan(0.03)
    for (const matrix of [[1, 0, 0, 0, 1, 0, 0, 0, 1], ...Object.values(BLIND)])
      expect(distance(toOklab(hex(seenBy(matrix, down))), toOklab(hex(seenBy(matrix, up))))).toBeGreaterThan(0.2)
  }
})

it('paints zero as the ground, and the same number the same wherever the scale is shared', () => {
  const one = painted(new Int8Array([0, 127, -127]), 2, 2, false)
  expect(hex([...one.slice(0, 3)])).toBe('#f4f2ee')
  expect(hex([...one.slice(4, 7)])).toBe('#a05000')
  expect(hex([...one.slice(8, 11)])).toBe('#256bb1')
  const half = painted(new Int8Array([127]), 1, 2, false)
  expect([...half.slice(0, 3)]).toEqual([...painted(new Int8Array([64]), 2, 2, false).slice(0, 3)])
  expect([...painted(new Int8Array([5]), 0, 0, false).slice(0, 3)]).toEqual([...one.slice(0, 3)])
})

it('is clear at zero over a photograph, and covers it with the colours of the ends', () => {
  const over = painted(new Int8Array([0, 127, -127, 64]), 2, 2, false, true)
  expect(over[3]).toBe(0)
  expect(hex([...over.slice(4, 7)])).toBe('#a05000')
  expect(hex([...over.slice(8, 11)])).toBe('#256bb1')
  expect(over[7]).toBe(over[11])
  expect(over[7]).toBeLessThan(255)
  expect(over[15]! / over[7]!).toBeCloseTo(64 / 127, 1)
})

it('outlines what lies beyond a level, and nothing else', () => {
  const values = new Int8Array(25)
  values[12] = 100
  expect(crossings(values, 5, 64, 0)).toHaveLength(4)
  expect(crossings(values, 5, -64, 0)).toHaveLength(0)
  expect(crossings(values, 5, 64, 2)).toHaveLength(0)
})
