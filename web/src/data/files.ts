// Whole files and parts of files. A server without ranges answers 200: then the stream is read to the wanted byte and dropped.

export class Missing extends Error {}

export async function fetchWhole(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, signal ? { signal } : {})
  if (!response.ok) throw new Missing(`${url} could not be read (${response.status}).`)
  return response.arrayBuffer()
}

export async function fetchPart(url: string, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
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
