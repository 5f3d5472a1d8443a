import { expect, it } from 'vitest'

import expected from './expected.json'
import { products, right, scores, templates } from './templates'

const all = templates()

it('names as many new pictures rightly as Python, at every decay', () => {
  expect(right(all)).toEqual(expected.templates.right)
})

it('scores as Python, and the products of the pixels add up to the score', () => {
  const found = scores(all.pictures[3]!, all.values[2]!)
  found.forEach((score, index) => expect(score).toBeCloseTo(expected.templates.scores[index]!, 6))
  expect(products(all.pictures[3]!, all.values[2]![1]!).reduce((sum, part) => sum + part, 0)).toBeCloseTo(found[1]!, 10)
})
