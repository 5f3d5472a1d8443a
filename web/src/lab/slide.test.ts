import { expect, it } from 'vitest'

import { bytes } from './bytes'
import data from './data.json'
import expected from './expected.json'
import { convolve, correlate, correlatePlane, placed, size, turned } from './slide'

const one = { stride: 1, padding: 0, dilation: 1 }
const { side, row, kernel, kernel_2d } = data.convolution
const pixels = [...bytes(data.convolution.pixels)].map((value) => value / 255)
const plane = Array.from({ length: side }, (_, y) => pixels.slice(y * side, (y + 1) * side))

function near(found: number[], wanted: number[]) {
  expect(found).toHaveLength(wanted.length)
  found.forEach((value, index) => expect(value).toBeCloseTo(wanted[index]!, 10))
}

it('slides over a row as Python does, with stride, padding and dilation', () => {
  near(correlate(plane[row]!, kernel, { stride: 2, padding: 1, dilation: 2 }), expected.convolution.row)
  near(convolve(plane[row]!, kernel, one), expected.convolution.turned)
})

it('slides over a plane as Python does', () => {
  const found = correlatePlane(plane, kernel_2d, { stride: 2, padding: 1, dilation: 1 })
  expected.convolution.plane.forEach((wanted, y) => wanted.forEach((value, x) => expect(found[5 * y]![5 * x]).toBeCloseTo(value, 10)))
  const other = correlatePlane(plane, turned(kernel_2d), one)
  expected.convolution.plane_turned.forEach((wanted, y) => wanted.forEach((value, x) => expect(other[9 * y]![9 * x]).toBeCloseTo(value, 10)))
})

it('counts outputs by the rule as by moving the window', () => {
  for (let inputs = 1; inputs < 20; inputs++)
    for (let width = 1; width < 6; width++)
      for (const setting of [one, { stride: 2, padding: 1, dilation: 1 }, { stride: 3, padding: 2, dilation: 2 }])
        expect(size(inputs, width, setting)).toBe(placed(inputs, width, setting))
  expect([size(100, 5, one), size(100, 5, { ...one, stride: 2 }), size(100, 4, { ...one, stride: 2 })]).toEqual([96, 48, 49])
})
