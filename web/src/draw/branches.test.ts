import { expect, it } from 'vitest'

import { branches } from './branches'

const site = (address: string, ...reads: string[]) => ({ address, reads })

it('draws nothing for a chain, nor where nothing is known', () => {
  expect(branches([site('a'), site('b', 'a'), site('c', 'b')])).toBeNull()
  expect(branches([{ address: 'a' }, { address: 'b' }])).toBeNull()
})

it('leads a shortcut around the site between, and the trunk through it', () => {
  const rows = branches([site('a'), site('b', 'a'), site('c', 'a', 'b')])!
  expect(rows.map((one) => one.reads)).toEqual([[], ['a'], ['a', 'b']])
  expect(rows[0]!.path).toBe('M54 18V36M54 18Q44 18 44 36')
  expect(rows[1]!.path).toBe('M54 0V18M54 18V36M44 0V36')
  expect(rows[2]!.path).toBe('M54 0V18M44 0Q44 18 54 18')
})

it('breaks the trunk where a site does not read the one before it', () => {
  const rows = branches([site('a'), site('left', 'a'), site('right', 'a'), site('joined', 'left', 'right')])!
  expect(rows[1]!.path).not.toContain('M54 18V36')
  expect(rows[2]!.path).not.toContain('M54 0V18')
  // right stands on the lane from a, and the lane from left begins beside it.
  expect(rows[2]!.path).toBe('M54 18V36M44 0Q44 18 54 18M34 0V36')
})

it('uses a lane again when it is free, and presses many into the gutter', () => {
  const two = branches([site('a'), site('b', 'a'), site('c', 'a', 'b'), site('d', 'c'), site('e', 'c', 'd')])!
  expect(two[3]!.path).toContain('M44 0V36')
  const dense = Array.from({ length: 30 }, (_, index) => site(`s${index}`, ...Array.from({ length: index }, (_, from) => `s${from}`)))
  const numbers = branches(dense)!.flatMap((one) => [...one.path.matchAll(/[\d.]+/g)].map(([text]) => Number(text)))
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThanOrEqual(54)
})

it('leaves out what an excerpt does not hold', () => {
  expect(branches([site('b', 'gone'), site('c', 'b'), site('d', 'b', 'c', 'gone')])!.map((one) => one.reads)).toEqual([[], ['b'], ['b', 'c']])
})
