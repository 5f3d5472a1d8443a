// Results of `optogram lab NAME --out ATLAS/labs`, as their list tells of them. Most atlases have none.

import { fetchWhole, Missing } from '../data/files'

export interface Found {
  name: string
  value: number | null
  sentence: string
  low: number | null
  high: number | null
  control: number | null
  chance: number | null
}

export interface Saved {
  name: string
  title: string
  command: string
  seed: number | null
  version: string
  findings: Found[]
  pictures: { file: string; mark: string; title: string; alt: string }[]
}

// No list is no results: a server says 404, a page from disk may not ask. A list that is not whole is a fault.
export async function savedLabs(): Promise<Saved[]> {
  let bytes: ArrayBuffer
  try {
    bytes = await fetchWhole('labs/index.json')
  } catch (error) {
    if (error instanceof Missing || error instanceof TypeError) return []
    throw error
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as Saved[]
}

// A picture keeps its name when it is drawn anew; its mark tells the browser that it is another.
export function pictureAt(picture: { file: string; mark: string }): string {
  return `labs/${encodeURIComponent(picture.file)}?${picture.mark}`
}
