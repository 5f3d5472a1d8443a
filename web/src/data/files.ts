// Whole files and parts of files. A server without ranges answers 200: then the stream is read to the wanted byte and dropped.
// An exported page holds its files in itself, as base64 by path: nothing is fetched then.

export class Missing extends Error {}

let held: Map<string, string> | null | undefined
const urls = new Map<string, string>()

function inside(): Map<string, string> | null {
  if (held === undefined) {
    const element = typeof document === 'undefined' ? null : document.getElementById('files')
    held = element ? new Map(Object.entries(JSON.parse(element.textContent ?? '{}') as Record<string, string>)) : null
  }
  return held
}

export function exported(): boolean {
  return inside() !== null
}

function own(path: string): Uint8Array<ArrayBuffer> {
  const text = inside()?.get(path)
  if (text === undefined) throw new Missing(`${path} is not in this file.`)
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

// What an image's address is: the path, or in an exported page an object of its bytes, made once.
export function urlOf(path: string): string {
  if (!inside()?.has(path)) return path
  let url = urls.get(path)
  if (!url) urls.set(path, (url = URL.createObjectURL(new Blob([own(path)], { type: 'image/webp' }))))
  return url
}

export async function fetchWhole(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  if (exported()) return own(url).buffer
  const response = await fetch(url, signal ? { signal } : {})
  if (!response.ok) throw new Missing(`${url} could not be read (${response.status}).`)
  return response.arrayBuffer()
}

export async function fetchPart(url: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  if (exported()) return own(url).subarray(offset, offset + length)
  const headers = { Range: `bytes=${offset}-${offset + length - 1}` }
  const response = await fetch(url, signal ? { headers, signal } : { headers })
  if (response.status === 206) return new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200 || !response.body) throw new Missing(`${url} could not be read (${response.status}).`)
  return upTo(response.body, offset, length)
}

async function upTo(stream: ReadableStream<Uint8Array>, offset: number, length: number): Promise<Uint8Array> {
  const reader = stream.getReader()
  const wanted = new Uint8Array(length)
  let seen = 0
  let filled = 0
  while (filled < length) {
    const { done, value } = await reader.read()
    if (done) throw new Missing('a file is shorter than the atlas says.')
    const from = Math.max(offset - seen, 0)
    if (from < value.length) {
      const piece = value.subarray(from, Math.min(value.length, from + length - filled))
      wanted.set(piece, filled)
      filled += piece.length
    }
    seen += value.length
  }
  await reader.cancel()
  return wanted
}

// Keeps the most recently used results; `dispose` is told what leaves.
export class Recent<T> {
  private held = new Map<string, Promise<T>>()

  constructor(
    private most: number,
    private dispose: (value: T) => void = () => {},
  ) {}

  get size(): number {
    return this.held.size
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.held.get(key)
    if (known) {
      this.held.delete(key)
      this.held.set(key, known)
      return known
    }
    const made = make()
    this.held.set(key, made)
    made.catch(() => this.held.delete(key))
    while (this.held.size > this.most) {
      const [oldest, value] = this.held.entries().next().value!
      this.held.delete(oldest)
      void value.then(this.dispose, () => {})
    }
    return made
  }
}
