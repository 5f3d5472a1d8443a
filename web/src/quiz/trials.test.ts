import { expect, it } from 'vitest'

import type { HalfRow } from '../data/tables'
import { seeded } from '../lab/chance'
import { csv, folds, plan, trial } from './trials'

const row = (kind: HalfRow['kind'], rank: number, photo = `${kind}${rank}`) => ({ kind, rank, fold: rank % 2, photo, activation: kind === 'top' ? 9 - rank : rank - 9 }) as HalfRow
const rows = [...Array.from({ length: 9 }, (_, rank) => row('top', rank)), ...Array.from({ length: 9 }, (_, rank) => row('bottom', rank))]

it('takes references and queries from different halves, and never the same photograph', () => {
  const sides = new Set<boolean>()
  for (let seed = 0; seed < 60; seed++) {
    const found = trial(3, rows, null, 'natural', seeded(seed))!
    sides.add(found.first)
    expect(found.strong.fold).toBe(found.weak.fold)
    expect(found.strong.activation).toBeGreaterThan(found.weak.activation)
    const shown = [...found.references.strong, ...found.references.weak]
    expect(shown.length).toBeGreaterThan(7)
    for (const one of shown) {
      expect(one.fold).not.toBe(found.strong.fold)
      expect([found.strong.photo, found.weak.photo]).not.toContain(one.photo)
    }
  }
  expect(sides.size).toBe(2)
})

it('shows nine of each where nine of either half are kept, as the published task does', () => {
  const halves = (['top', 'bottom'] as const).flatMap((kind) => [0, 1].flatMap((fold) => Array.from({ length: 9 }, (_, rank) => ({ ...row(kind, rank, `${kind}${fold}.${rank}`), fold }))))
  for (let seed = 0; seed < 20; seed++) {
    const { references, strong } = trial(3, halves, null, 'natural', seeded(seed))!
    expect([references.strong.length, references.weak.length]).toEqual([9, 9])
    expect([...references.strong, ...references.weak].every((one) => one.fold !== strong.fold)).toBe(true)
    expect(references.strong.map((one) => one.rank)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  }
})

it('leaves out a photograph that is asked about, even where it stands under another name of the list', () => {
  const twice = rows.map((one) => (one.kind === 'top' && one.rank === 0 ? row('top', 0, 'bottom1') : one))
  for (let seed = 0; seed < 40; seed++) {
    const found = trial(3, twice, null, 'natural', seeded(seed))!
    if (found.weak.photo === 'bottom1') expect(found.references.strong.map((one) => one.photo)).not.toContain('bottom1')
  }
})

it('shows another unit’s references in every fourth trial, and asks each unit once', () => {
  const found = plan([...Array(40).keys()], 20, seeded(1))
  expect(new Set(found.map((one) => one.unit)).size).toBe(20)
  expect(found.filter((one) => one.other !== null)).toHaveLength(5)
  for (const one of found) expect(one.other).not.toBe(one.unit)
})

it('asks nothing of a unit whose photographs lie in one half', () => {
  const half = rows.filter((one) => one.fold === 0)
  expect(folds(half)).toEqual([])
  expect(trial(1, half, null, 'natural', seeded(1))).toBeNull()
})

it('writes a table that spreadsheets read', () => {
  const answer = { weights: 'w', address: 'a:1', references: 'a:1', condition: 'natural' as const, control: false, strong: 'a "b".jpg', weak: 'c,d.jpg', right: true, seconds: 2.5 }
  expect(csv([answer]).split('\n')[1]).toBe('"w","a:1","a:1","natural","false","a ""b"".jpg","c,d.jpg","true","2.5"')
})
