import { afterEach, describe, expect, it, vi } from 'vitest'

import { fetchPart, Missing, Recent } from './files'

const bytes = Uint8Array.from({ length: 100 }, (_, index) => index)

function answers(status: number, pieces: Uint8Array[]): { cancelled: boolean } {
  const seen = { cancelled: false }
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift()
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
    cancel() {
      seen.cancelled = true
    },
  })
  vi.stubGlobal('fetch', async () => new Response(body, { status }))
  return seen
}

afterEach(() => vi.unstubAllGlobals())

describe('a part of a file', () => {
  it('is what a server with ranges sends', async () => {
    answers(206, [bytes.slice(30, 50)])
    expect(await fetchPart('x', 30, 20)).toEqual(bytes.slice(30, 50))
  })

  it('is cut from the stream of one without, and the rest dropped', async () => {
    const pieces = [0, 7, 33, 45, 60, 100].map((from, index, all) => bytes.slice(from, all[index + 1]))
    const seen = answers(200, pieces.slice(0, 5))
    expect(await fetchPart('x', 30, 20)).toEqual(bytes.slice(30, 50))
    expect(seen.cancelled).toBe(true)
  })

  it('is an error where the file is shorter than said', async () => {
    answers(200, [bytes])
    await expect(fetchPart('x', 90, 20)).rejects.toThrow('shorter')
  })

  it('is an error where there is none', async () => {
    answers(404, [])
    await expect(fetchPart('x', 0, 1)).rejects.toThrow(Missing)
  })
})

describe('what was fetched recently', () => {
  it('is kept, and the least recently used let go', async () => {
    const gone: string[] = []
    const recent = new Recent<string>(2, (value) => gone.push(value))
    const make = vi.fn(async (name: string) => name)
    for (const name of ['a', 'b', 'a', 'c', 'a']) await recent.get(name, () => make(name))
    expect(make.mock.calls.flat()).toEqual(['a', 'b', 'c'])
    await Promise.resolve()
    expect(gone).toEqual(['b'])
  })

  it('forgets a failure', async () => {
    const recent = new Recent<string>(2)
    await expect(recent.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await recent.get('a', async () => 'yes')).toBe('yes')
  })
})
