import { expect, it } from 'vitest'

import data from './data.json'
import expected from './expected.json'
import { counts, folded, forward, most, outline, patternAt, pieces, rank } from './plane'

const layers = data.folding.layers

it('counts the pieces of the drawn network as Python does', () => {
  const found = pieces(layers)
  expect(found.map((one, index) => [counts(one).patterns, counts(one).maps, most(index + 1)])).toEqual(expected.folding.pieces)
})

it('counts planted folds: 4, 16, 64, 256', () => {
  expect(folded(4)).toEqual(expected.folding.folds)
  expect(pieces(folded(4)).map((one) => counts(one).patterns)).toEqual([4, 16, 64, 256])
})

it('says to how many dimensions each point was folded, as Python does', () => {
  pieces(layers).forEach((found, layer) => {
    const ranks = new Map(found.map((piece) => [piece.pattern, rank(piece)]))
    const shown = data.folding.points.map((point) => ranks.get(patternAt(layers.slice(0, layer + 1), point)))
    // Points are kept to four digits: one on a border may fall to its other side.
    const same = shown.filter((value, index) => value === expected.folding.ranks[layer]![index]).length
    expect(same).toBeGreaterThanOrEqual(shown.length - 1)
  })
})

it('runs forward: rectifiers after each layer', () => {
  const { before, after } = forward([{ weights: [[1, -1]], biases: [0.5] }, { weights: [[2]], biases: [-1] }], [1, 3])
  expect(before).toEqual([[-1.5], [-1]])
  expect(after).toEqual([[0], [0]])
})

it('draws pieces that cover a square without overlap', () => {
  const area = (points: [number, number][]) =>
    Math.abs(points.reduce((sum, [x, y], index) => sum + x * points[(index + 1) % points.length]![1] - y * points[(index + 1) % points.length]![0], 0)) / 2
  const total = pieces(layers)[3]!.reduce((sum, piece) => sum + area(outline(piece, 1.2)), 0)
  expect(total).toBeCloseTo(2.4 ** 2, 4)
})
