// Marked photographs against the others: the chance that a marked one drives the unit more, DeLong's interval, and marks dealt anew.

import { type Chance, shuffled } from '../lab/chance'

// Observations of either kind that an AUC needs at least; the claim `hypothesis` asks for as many.
export const LEAST = 4
export const DRAWS = 999

// Ranks from 1, ties at their mean.
export function ranks(values: ArrayLike<number>): number[] {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const found = new Array<number>(order.length)
  for (let start = 0; start < order.length; ) {
    let end = start
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[start]!]) end++
    for (let at = start; at <= end; at++) found[order[at]!] = (start + end) / 2 + 1
    start = end + 1
  }
  return found
}

export function auc(values: ArrayLike<number>, marks: boolean[]): number {
  return ofRanks(ranks(values), marks)
}

function ofRanks(of: number[], marks: boolean[]): number {
  const inside = marks.filter(Boolean).length
  const sum = marks.reduce((total, mark, index) => total + (mark ? of[index]! : 0), 0)
  return (sum - (inside * (inside + 1)) / 2) / (inside * (marks.length - inside))
}

// The variance by the placements of each side in the other (DeLong 1988).
export function variance(values: ArrayLike<number>, marks: boolean[]): number {
  const all = ranks(values)
  const side = (mark: boolean) => marks.flatMap((one, index) => (one === mark ? [index] : []))
  const placements = (own: number[], others: number) => {
    const within = ranks(own.map((index) => values[index]!))
    return own.map((index, place) => (all[index]! - within[place]!) / others)
  }
  const spread = (parts: number[]) => {
    const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length
    return parts.reduce((sum, part) => sum + (part - mean) ** 2, 0) / (parts.length - 1) / parts.length
  }
  const [inside, outside] = [side(true), side(false)]
  return spread(placements(inside, outside.length)) + spread(placements(outside, inside.length))
}

export interface Judged {
  auc: number
  low: number
  high: number
  // Of `draws` ways to deal the marks, so many did as well.
  count: number
  draws: number
  p: number
}

export function judged(values: ArrayLike<number>, marks: boolean[], chance: Chance, draws = DRAWS): Judged | null {
  const inside = marks.filter(Boolean).length
  if (Math.min(inside, marks.length - inside) < LEAST) return null
  const of = ranks(values)
  const own = ofRanks(of, marks)
  const reach = 1.959963984540054 * Math.sqrt(variance(values, marks))
  let count = 0
  for (let draw = 0; draw < draws; draw++) if (ofRanks(of, shuffled(marks, chance)) >= own - 1e-12) count++
  return { auc: own, low: Math.max(0, own - reach), high: Math.min(1, own + reach), count, draws, p: (1 + count) / (1 + draws) }
}

// A file that `optogram evidence --claims hypothesis --marks FILE` reads.
export function marksFile(photographs: string[], marks: boolean[]): string {
  const quoted = (name: string) => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
  return ['photograph,mark', ...photographs.map((name, index) => `${quoted(name)},${marks[index] ? 'yes' : 'no'}`)].join('\n') + '\n'
}
