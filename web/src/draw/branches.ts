// The network's branches beside its sites: a trunk from each site to the next, and a lane for whatever is read further down.

export const WIDE = 60
export const TALL = 36
const TRUNK = WIDE - 6
const MIDDLE = TALL / 2

export interface Branch {
  // Lines of this row, as an SVG path: what comes from above, what goes on below.
  path: string
  reads: string[]
}

interface Lane {
  from: number
  readers: number[]
  column: number
}

// Each site that is read beyond the next one has one lane, from its row to its last reader's: many readers share it. Leftmost are the longest met first.
function lanes(sources: number[][]): { lanes: Lane[]; columns: number } {
  const ends: number[] = []
  const found: Lane[] = []
  sources.forEach((readers, from) => {
    const far = readers.filter((one) => one > from + 1)
    if (!far.length) return
    const free = ends.findIndex((end) => end <= from)
    const column = free < 0 ? ends.length : free
    ends[column] = Math.max(...far)
    found.push({ from, readers: far, column })
  })
  return { lanes: found, columns: ends.length }
}

// What each row of the gutter shows; null where nothing is known, or the sites are a plain chain.
export function branches(sites: { address: string; reads?: string[] }[]): Branch[] | null {
  const row = new Map(sites.map((site, index) => [site.address, index]))
  const reads = sites.map((site) => (site.reads ?? []).filter((one) => row.has(one)))
  const sources = sites.map((_, from) => reads.flatMap((some, to) => (some.some((one) => row.get(one) === from) && to > from ? [to] : [])))
  const { lanes: drawn, columns } = lanes(sources)
  if (!drawn.length) return null
  const step = Math.min(10, (TRUNK - 6) / columns)
  return sites.map((_, index) => {
    const parts: string[] = []
    if (index > 0 && sources[index - 1]!.includes(index)) parts.push(`M${TRUNK} 0V${MIDDLE}`)
    if (sources[index]!.includes(index + 1)) parts.push(`M${TRUNK} ${MIDDLE}V${TALL}`)
    for (const lane of drawn) {
      const x = +(TRUNK - (lane.column + 1) * step).toFixed(2)
      const last = Math.max(...lane.readers)
      if (index === lane.from) parts.push(`M${TRUNK} ${MIDDLE}Q${x} ${MIDDLE} ${x} ${TALL}`)
      if (index > lane.from && index < last) parts.push(`M${x} 0V${TALL}`)
      if (lane.readers.includes(index)) parts.push(`M${x} 0Q${x} ${MIDDLE} ${TRUNK} ${MIDDLE}`)
    }
    return { path: parts.join(''), reads: reads[index]! }
  })
}

export const NODE = { x: TRUNK, y: MIDDLE }
