import { expect, it } from 'vitest'

import expected from '../lab/expected.json'
import { seeded } from '../lab/chance'
import { auc, judged, marksFile, ranks, variance } from './auc'

it('ranks with ties at their mean', () => expect(ranks([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2]))

it('gives the area and its variance that Python gives, with ties', () => {
  for (const { values, marks, area, spread } of expected.auc.cases) {
    expect(auc(values, marks)).toBeCloseTo(area, 10)
    expect(variance(values, marks)).toBeCloseTo(spread, 10)
  }
})

it('knows closed forms: all above is 1, all below 0, all the same one half', () => {
  const marks = [true, true, true, true, false, false, false, false]
  expect(auc([8, 7, 6, 5, 4, 3, 2, 1], marks)).toBe(1)
  expect(auc([1, 2, 3, 4, 5, 6, 7, 8], marks)).toBe(0)
  expect(auc([1, 1, 1, 1, 1, 1, 1, 1], marks)).toBe(0.5)
  const sure = judged([8, 7, 6, 5, 4, 3, 2, 1], marks, seeded(1))!
  // One of 70 ways to deal four marks to eight is as good.
  expect(sure.p).toBeGreaterThan(0.5 / 70)
  expect(sure.p).toBeLessThan(2 / 70)
  expect([sure.low, sure.high]).toEqual([1, 1])
})

it('says nothing with fewer than four of a kind', () => expect(judged([1, 2, 3, 4, 5, 6, 7], [true, true, true, false, false, false, false], seeded(1))).toBeNull())

it('is wrong as often as it says where marks mean nothing', () => {
  const chance = seeded(5)
  let found = 0
  for (let turn = 0; turn < 400; turn++) {
    const values = Array.from({ length: 24 }, () => chance())
    const marks = values.map((_, index) => index % 3 === 0)
    if (judged(values, marks, chance, 99)!.p <= 0.05) found++
  }
  expect(found).toBeGreaterThan(6)
  expect(found).toBeLessThan(36)
})

it('writes marks as the command line reads them', () => {
  expect(marksFile(['a.jpg', 'b, c.jpg'], [true, false])).toBe('photograph,mark\na.jpg,yes\n"b, c.jpg",no\n')
})
