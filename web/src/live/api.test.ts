import { expect, it } from 'vitest'

import { inWords, rowsOf } from './api'

it('turns columns into rows, null into what is not a number', () => {
  const rows = rowsOf<{ site: string; share: number }>({ site: ['a', 'b'], share: [0.5, null] })
  expect(rows[0]).toEqual({ site: 'a', share: 0.5 })
  expect(rows[1]!.share).toBeNaN()
  expect(rowsOf({})).toEqual([])
})

it('says how a job stands', () => {
  expect(inWords({ event: 'waiting', id: '', ahead: 2 })).toBe('2 before it')
  expect(inWords({ event: 'waiting', id: '', ahead: 0 })).toBe('next in the queue')
  expect(inWords({ event: 'progress', id: '', stage: 'looking', done: 1, total: 2 })).toBe('looking 1 of 2')
  expect(inWords({ event: 'failed', id: '', error: 'no such unit' })).toBe('no such unit')
})
