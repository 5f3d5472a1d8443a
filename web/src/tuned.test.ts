import { expect, it } from 'vitest'

import { preference } from './tuned'

it('prefers the mean direction where the peak is there', () => {
  expect(preference([0, 0, 3, 9, 2, 0, 0, 0, 0, 0, 0, 0], 44)).toBe('Prefers stripes at 44°')
  expect(preference([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4], 176)).toBe('Prefers stripes at 176°')
  expect(preference([9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 179.6)).toBe('Prefers stripes at 0°')
})

it('tells both where the mean lies between two peaks', () => {
  expect(preference([0, 0, 0, 8, 0, 0, 0, 0, 0, 9, 0, 0], 159)).toBe('Answers stripes at 135° most; the mean direction of its answers is 159°')
})
