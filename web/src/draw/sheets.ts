// Decoded sprite sheets, the least recently used closed; drawing waits for a sheet once and then is immediate.

import { fetchWhole } from '../data/files'

export class Sheets {
  private held = new Map<string, ImageBitmap>()
  private waiting = new Map<string, ((sheet: ImageBitmap) => void)[]>()

  constructor(
    private most: number,
    private onfault: (url: string) => void = () => {},
  ) {}

  get size(): number {
    return this.held.size
  }

  // The sheet if it is there already, counted as used.
  now(url: string): ImageBitmap | undefined {
    const known = this.held.get(url)
    if (known) {
      this.held.delete(url)
      this.held.set(url, known)
    }
    return known
  }

  draw(url: string, pen: (sheet: ImageBitmap) => void): void {
    const known = this.now(url)
    if (known) {
      pen(known)
      return
    }
    const queue = this.waiting.get(url)
    if (queue) queue.push(pen)
    else {
      this.waiting.set(url, [pen])
      void this.load(url)
    }
  }

  private async load(url: string): Promise<void> {
    try {
      const sheet = await createImageBitmap(new Blob([await fetchWhole(url)], { type: 'image/webp' }))
      this.held.set(url, sheet)
      for (const pen of this.waiting.get(url) ?? []) pen(sheet)
      while (this.held.size > this.most) {
        const [oldest, bitmap] = this.held.entries().next().value!
        this.held.delete(oldest)
        bitmap.close()
      }
    } catch {
      // A missing sheet leaves its cells gray; the units' links are there all the same.
      this.onfault(url)
    } finally {
      this.waiting.delete(url)
    }
  }
}

// Sheets looked up once a frame: thousands of cells lie on a few of them.
export class Lookup {
  private known = new Map<string, ImageBitmap | undefined>()

  constructor(private sheets: Sheets) {}

  sheet(url: string): ImageBitmap | undefined {
    if (!this.known.has(url)) this.known.set(url, this.sheets.now(url))
    return this.known.get(url)
  }
}
