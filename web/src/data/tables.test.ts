import { expect, it } from 'vitest'

import { contradiction, type EvidenceRow } from './tables'

const row = { null: 'twins', effect: 1, floor: 0.01, p: 0.2, q: 0.3, count: 20, draws: 100 } as EvidenceRow
const dots = Array.from({ length: 50 }, (_, index) => (index < 40 ? 0 : 2))

it('holds where floor <= p <= q and the dots tell the count', () => expect(contradiction(row, dots)).toBeNull())
it('holds where nothing was tested', () => expect(contradiction({ ...row, p: NaN, q: NaN }, dots)).toBeNull())
it('finds p under its floor', () => expect(contradiction({ ...row, p: 0.001 }, dots)).toContain('contradicts'))
it('finds q under p', () => expect(contradiction({ ...row, q: 0.1 }, dots)).toContain('contradicts'))
it('finds dots that tell another count, by more than one dot and one draw', () => {
  expect(contradiction({ ...row, count: 23 }, dots)).toBeNull()
  expect(contradiction({ ...row, count: 24 }, dots)).toContain('disagree')
})
it('keeps equal numbers equal, whatever their precision', () => {
  const tied = { ...row, effect: Math.fround(0.1), count: 100 }
  expect(contradiction(tied, dots.map(() => 0.1))).toBeNull()
})
