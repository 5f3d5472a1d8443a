import { expect, it } from 'vitest'

import type { ExemplarRow } from './data/tables'
import type { NetworkEntry, SiteEntry } from './schema'
import { TICKS } from './ticks'
import { inBoth, labelsOf, mostAt, nameOf, neuron, numberOf, titled } from './units'

const network = { labels: ['tabby', 'lemon'] } as NetworkEntry
const head = { kind: 'head', units: 2 } as SiteEntry

it('knows units by number and by label', () => {
  expect(labelsOf(network, { ...head, kind: 'convolution' })).toBeNull()
  expect(['lemon', '1', 'page'].map((name) => numberOf(network, head, name))).toEqual([1, 1, -1])
})

it('leads to a unit by its label only where that is its own', () => {
  const birds = { labels: ['crane', 'lemon', 'crane', '1'] } as NetworkEntry
  const four = { kind: 'head', units: 4, address: 'fc' } as SiteEntry
  expect([0, 1, 2, 3].map((unit) => nameOf(birds, four, unit))).toEqual(['crane', 'lemon', '2', '3'])
  for (const unit of [0, 1, 2, 3]) expect(numberOf(birds, four, nameOf(birds, four, unit))).toBe(unit)
  expect(nameOf(birds, { ...four, kind: 'convolution' }, 1)).toBe('1')
})

it('calls a class by its name, and leaves what leads nowhere as it is', () => {
  const birds = { name: 'net', labels: ['crane', 'lemon', 'crane'], sites: [{ address: 'fc', kind: 'head', units: 3 }, { address: 'c', kind: 'block', units: 3 }] } as unknown as NetworkEntry
  expect(['fc:1', 'fc:lemon', 'fc:2', 'c:2', 'c:7', 'x:1', 'fc'].map((address) => titled(birds, address).text)).toEqual(['fc:lemon', 'fc:lemon', 'fc:crane', 'c:2', 'c:7', 'x:1', 'fc'])
  expect(['fc:1', 'fc:2'].map((address) => titled(birds, address).page)).toEqual([
    { kind: 'unit', network: 'net', site: 'fc', unit: 'lemon' },
    { kind: 'unit', network: 'net', site: 'fc', unit: '2' },
  ])
})

it('reads a place behind the unit, and counts what drives it most there', () => {
  const site = { kind: 'convolution', units: 20, grid: [9, 9] } as unknown as SiteEntry
  expect(neuron(network, site, '17@3,5')).toEqual({ unit: '17', place: '3,5' })
  expect(neuron(network, site, '17')).toEqual({ unit: '17', place: '' })
  expect(neuron({ labels: ['a@1', 'b'] } as NetworkEntry, head, 'a@1')).toEqual({ unit: 'a@1', place: '' })
  const rows = [{ row: 3, column: 5 }, { row: 5, column: 3 }, { row: 3, column: 5 }, { row: 4, column: -1 }] as ExemplarRow[]
  expect(['3,5', '5,3', '0,0', '9,0', '3'].map((place) => mostAt(site, place, rows))).toEqual([2, 1, 0, null, null])
  expect(mostAt({ ...site, grid: [5] }, '4', rows)).toBe(1)
})

it('finds the photographs that both show at the tick, each once', () => {
  const row = (photo: string, rank: number, kind = 'top') => ({ photo, rank, kind, quantile: null }) as ExemplarRow
  const one = [row('c', 1), row('a', 0), row('a', 2), row('x', 0, 'bottom')]
  const other = [row('a', 0), row('c', 3), row('d', 1), row('x', 0)]
  expect(inBoth(one, other, TICKS[6]!)).toEqual(['a', 'c'])
  expect(inBoth(one, other, TICKS[0]!)).toEqual([])
})
