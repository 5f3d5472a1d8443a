import { expect, it } from 'vitest'

import type { Sprites } from '../schema'
import { cellAt, fitting, mip } from './sprites'

const sheet = (size: number, count = 200): Sprites => ({
  view: 'strongest',
  size,
  columns: 1024 / size,
  count,
  sheets: Array.from({ length: Math.ceil(count / (1024 / size) ** 2) }, (_, index) => ({ path: `${size}-${index}`, bytes: 1 })),
})

it('finds a cell row by row, sheet by sheet', () => {
  expect(cellAt(sheet(128), 0)).toMatchObject({ url: '128-0', x: 0, y: 0 })
  expect(cellAt(sheet(128), 63)).toMatchObject({ url: '128-0', x: 896, y: 896 })
  expect(cellAt(sheet(128), 64)).toMatchObject({ url: '128-1', x: 0, y: 0 })
  expect(cellAt(sheet(128), 9999)).toBeNull()
})

it('takes the smallest sheet that need not be enlarged, else the largest', () => {
  const all = [sheet(128), sheet(32), sheet(64)]
  expect(mip(all, 'strongest', 32, 1)?.size).toBe(32)
  expect(mip(all, 'strongest', 32, 2)?.size).toBe(64)
  expect(mip(all, 'strongest', 48, 1)?.size).toBe(64)
  expect(mip(all, 'strongest', 128, 3)?.size).toBe(128)
  expect(mip(all, 'weights', 32, 1)).toBeNull()
})

it('counts the cells that a row holds whole', () => {
  expect(fitting(24, 32, 791)).toBe(24)
  expect(fitting(24, 32, 790)).toBe(23)
  expect(fitting(24, 32, 358)).toBe(10)
  expect(fitting(24, 32, Infinity)).toBe(24)
  expect(fitting(24, 32, 0)).toBe(1)
})
