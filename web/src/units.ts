// A unit's number and its name: the units of a head are called by their labels.

import type { ExemplarRow } from './data/tables'
import type { NetworkEntry, SiteEntry } from './schema'
import { shownBy, type Tick } from './ticks'

export function labelsOf(network: NetworkEntry, site: SiteEntry): string[] | null {
  return site.kind === 'head' && network.labels?.length === site.units ? network.labels : null
}

// -1 where there is none of that name.
export function numberOf(network: NetworkEntry, site: SiteEntry, unit: string): number {
  return /^\d+$/.test(unit) ? Number(unit) : (labelsOf(network, site) ?? []).indexOf(unit)
}

// Photographs that both units show at a tick, in the order of the first.
export function inBoth(one: ExemplarRow[], other: ExemplarRow[], tick: Tick): string[] {
  const there = new Set(shownBy(tick, other).map((row) => row.photo))
  return [...new Set(shownBy(tick, one).map((row) => row.photo))].filter((photo) => there.has(photo))
}
