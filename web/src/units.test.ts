import { expect, it } from 'vitest'

import type { ExemplarRow } from './data/tables'
import type { NetworkEntry, SiteEntry } from './schema'
import { TICKS } from './ticks'
import { inBoth, labelsOf, numberOf } from './units'

const network = { labels: ['tabby', 'lemon'] } as NetworkEntry
const head = { kind: 'head', units: 2 } as SiteEntry

it('knows units by number and by label', () => {
  expect(labelsOf(network, { ...head, kind: 'convolution' })).toBeNull()
  expect(['lemon', '1', 'page'].map((name) => numberOf(network, head, name))).toEqual([1, 1, -1])
})

it('finds the photographs that both show at the tick, each once', () => {
  const row = (photo: string, rank: number, kind = 'top') => ({ photo, rank, kind, quantile: null }) as ExemplarRow
  const one = [row('c', 1), row('a', 0), row('a', 2), row('x', 0, 'bottom')]
  const other = [row('a', 0), row('c', 3), row('d', 1), row('x', 0)]
  expect(inBoth(one, other, TICKS[6]!)).toEqual(['a', 'c'])
  expect(inBoth(one, other, TICKS[0]!)).toEqual([])
})
