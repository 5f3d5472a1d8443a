import { afterEach, expect, test, vi } from 'vitest'

import { pictureAt, savedLabs } from './saved'

afterEach(() => vi.unstubAllGlobals())

const answer = (body: string, status = 200) => vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })))

test('no list is no results, over HTTP and from disk', async () => {
  answer('no such file', 404)
  expect(await savedLabs()).toEqual([])
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
  expect(await savedLabs()).toEqual([])
})

test('a list cut short is a fault, a whole one is read', async () => {
  answer('[{"name": "xo')
  await expect(savedLabs()).rejects.toThrow()
  answer('[{"name": "xor", "findings": []}]')
  expect((await savedLabs())[0]!.name).toBe('xor')
})

test('a picture drawn anew has another address', () => {
  expect(pictureAt({ file: 'xor-a b.png', mark: '0a' })).toBe('labs/xor-a%20b.png?0a')
})
