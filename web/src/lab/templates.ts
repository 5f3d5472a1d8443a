// One template a class: a picture's score is its dot product with the template, pixel by pixel.

import { bytes } from './bytes'
import data from './data.json'

const { side, names, decays, limits, mean, sd } = data.templates
const PIXELS = side * side

export interface Templates {
  side: number
  names: string[]
  decays: number[]
  // [decay][class][pixel]
  values: number[][][]
  // Pictures in sixteenths of white, with their classes.
  pictures: number[][]
  classes: number[]
}

export function templates(): Templates {
  const signed = new Int8Array(bytes(data.templates.templates).buffer)
  const values = decays.map((_, decay) =>
    names.map((_, label) => Array.from({ length: PIXELS }, (_, pixel) => (signed[(decay * names.length + label) * PIXELS + pixel]! * limits[decay]!) / 127)),
  )
  const raw = bytes(data.templates.pictures)
  const pictures = data.templates.classes.map((_, index) => [...raw.subarray(index * PIXELS, (index + 1) * PIXELS)])
  return { side, names, decays, values, pictures, classes: data.templates.classes }
}

// Each pixel's part in the score: pixels are centred and scaled as they were when the templates were fitted.
export function products(picture: number[], template: number[]): number[] {
  return picture.map((value, pixel) => ((value / 16 - mean) / sd) * template[pixel]!)
}

export function scores(picture: number[], of: number[][]): number[] {
  return of.map((template) => products(picture, template).reduce((sum, part) => sum + part, 0))
}

export function greatest(values: number[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0)
}

// How many of the pictures each strength of decay names rightly.
export function right(all: Templates): number[] {
  return all.values.map((of) => all.pictures.filter((picture, index) => greatest(scores(picture, of)) === all.classes[index]).length)
}
