import { expect, it } from 'vitest'

import { count, inOneLine, number, percent, probability } from './format'

it.each([
  [0, '0'],
  [14.234, '14.2'],
  [-0.4637, '−0.464'],
  [1234.4, '1230'],
  [3.2e-7, '3.2e−7'],
  [NaN, '–'],
  [null, '–'],
  [Infinity, '∞'],
])('number %s is %s', (value, text) => expect(number(value)).toBe(text))

it.each([
  [0.0004, '<.001'],
  [0.031, '.031'],
  [0.3149, '.31'],
  [1, '1.00'],
  [NaN, '–'],
])('probability %s is %s', (value, text) => expect(probability(value)).toBe(text))

it.each([
  [0, '0 %'],
  [0.004, '<1 %'],
  [0.034, '3.4 %'],
  [0.34, '34 %'],
  [1, '100 %'],
])('share %s is %s', (share, text) => expect(percent(share)).toBe(text))

it('says in one line what was printed in columns', () => expect(inOneLine('conv1:3   reached 14.2 (photographs: 3)   still rising')).toBe('conv1:3, reached 14.2 (photographs: 3), still rising'))

it('counts have commas', () => expect(count(9728)).toBe('9,728'))
