import { describe, expect, it } from 'vitest'

import type { EvidenceRow, UnitRow } from './data/tables'
import { arranged, columnsOf, readRanges, writeRanges } from './order'
import type { ClaimSummary, SiteEntry } from './schema'

const claim = (name: string, viewer = ''): ClaimSummary => ({ claim: name, viewer, title: name, unit_of_effect: 'share' }) as ClaimSummary
const site = (...claims: ClaimSummary[]) => ({ claims }) as SiteEntry
const rows = [0, 1, 2, 3].map((unit) => ({ unit, cell: 3 - unit, verdict: unit % 2 ? 'salmon' : 'stands', greatest: 9 - unit, zero: 0 }) as UnitRow)
const told = (unit: number, effect: number, q: number, name = 'one', viewer = ''): EvidenceRow =>
  ({ unit, claim: name, viewer, null: 'wrong picture', effect, low: effect, high: effect, p: q / 2, q }) as EvidenceRow
const judged = new Map([
  [0, [told(0, 0.5, 0.2)]],
  [1, [told(1, NaN, NaN)]],
  [2, [told(2, 0.1, 0.9)]],
  [3, [told(3, 0.9, 0.01)]],
])
const columns = columnsOf(site(claim('one')), judged)
const units = (view: Record<string, string>) => arranged(rows, view, columns).map((row) => row.unit)

describe('a site\'s units', () => {
  it('have a column for every number of every claim', () => {
    expect(columns.map((one) => one.key)).toEqual(
      ['one.effect', 'one.low', 'one.high', 'one.wrong_picture.p', 'one.wrong_picture.q', 'unit', 'greatest', 'zero', 'picture'],
    )
    const two = columnsOf(site(claim('one', 'bank'), claim('one', 'vgg')), new Map([[0, [told(0, 1, 1, 'one', 'bank'), told(0, 2, 1, 'one', 'vgg')]]]))
    expect(two.filter((one) => one.key.endsWith('.effect')).map((one) => [one.key, one.value(rows[0]!)])).toEqual([
      ['one.bank.effect', 1],
      ['one.vgg.effect', 2],
    ])
  })

  it('stand as they were written, or by a column, those without a value last', () => {
    expect(units({})).toEqual([3, 2, 1, 0])
    expect(units({ sort: '-one.effect' })).toEqual([3, 0, 2, 1])
    expect(units({ sort: 'one.effect' })).toEqual([2, 0, 3, 1])
    expect(units({ sort: 'one.wrong_picture.q' })).toEqual([3, 0, 2, 1])
    expect(units({ sort: 'no such column' })).toEqual([3, 2, 1, 0])
  })

  it('are kept by verdicts and by ranges', () => {
    expect(units({ verdict: 'stands' })).toEqual([2, 0])
    expect(units({ in: 'one.effect:0.2..' })).toEqual([3, 0])
    expect(units({ in: 'one.effect:0.2..,greatest:..8', verdict: 'salmon,stands' })).toEqual([3])
    expect(units({ in: 'gone.effect:0..1' })).toEqual([3, 2, 1, 0])
  })

  it('leave out of every column what contradicts itself', () => {
    const wrong = columnsOf(site(claim('one')), new Map([[0, [{ ...told(0, 0.5, 0.2), p: 0.3 }]], [1, [{ ...told(1, 0.5, 0.2), floor: 0.15 }]], [2, [told(2, 0.5, 0.2)]]]))
    for (const key of ['one.effect', 'one.wrong_picture.q']) expect(rows.slice(0, 3).map((row) => wrong.find((one) => one.key === key)!.value(row) === null)).toEqual([true, true, false])
  })

  it('write ranges as they are read', () => {
    for (const text of ['one.effect:0.5..2', 'one.effect:..2,unit:3..', 'a.b.q:-0.25..0.05']) expect(writeRanges(readRanges(text))).toBe(text)
    expect(writeRanges([{ key: 'x', low: -Infinity, high: Infinity }])).toBe('')
    expect(readRanges('nonsense,x:a..b')).toEqual([])
  })
})
