import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { Sheets } from './sheets'

let closed: string[] = []

beforeEach(() => {
  closed = []
  vi.stubGlobal('fetch', async (url: string) => (url === 'gone' ? new Response('', { status: 404 }) : new Response(url)))
  vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
    const name = await blob.text()
    return { name, close: () => closed.push(name) }
  })
})
afterEach(() => vi.unstubAllGlobals())

const drawn = (sheets: Sheets, url: string) => new Promise<ImageBitmap>((resolve) => sheets.draw(url, resolve))

it('holds the latest sheets and closes the one that was used longest ago', async () => {
  const sheets = new Sheets(2)
  for (const url of ['a', 'b', 'a', 'c']) await drawn(sheets, url)
  await vi.waitFor(() => expect(closed).toEqual(['b']))
  expect(sheets.size).toBe(2)
  expect(sheets.now('a')).toBeDefined()
  expect(sheets.now('b')).toBeUndefined()
})

it('asks once for a sheet that several cells wait for', async () => {
  const asked = vi.spyOn(globalThis, 'fetch')
  const sheets = new Sheets(2)
  expect(await Promise.all([drawn(sheets, 'a'), drawn(sheets, 'a')])).toHaveLength(2)
  expect(asked).toHaveBeenCalledTimes(1)
})

it('tells of a sheet that is missing, and asks again when it is wanted again', async () => {
  const told: string[] = []
  const sheets = new Sheets(2, (url) => told.push(url))
  sheets.draw('gone', () => expect.unreachable())
  await vi.waitFor(() => expect(told).toEqual(['gone']))
  sheets.draw('gone', () => expect.unreachable())
  await vi.waitFor(() => expect(told).toEqual(['gone', 'gone']))
})
