// A unit's number and its name: the units of a head are called by their labels. `17@3,5` is unit 17 at one place, a neuron.

import { type Page, splitAddress } from './address'
import type { ExemplarRow } from './data/tables'
import type { NetworkEntry, SiteEntry } from './schema'
import { shownBy, type Tick } from './ticks'

// What the title and every file of a page about a twin begin with, so that nothing of it can pass as the network's.
export function ofTwin(network: NetworkEntry | undefined): string {
  return network?.twin ? `${network.twin} ` : ''
}

export function labelsOf(network: NetworkEntry, site: SiteEntry): string[] | null {
  return site.kind === 'head' && network.labels?.length === site.units ? network.labels : null
}

// -1 where there is none of that name.
export function numberOf(network: NetworkEntry, site: SiteEntry, unit: string): number {
  return /^\d+$/.test(unit) ? Number(unit) : (labelsOf(network, site) ?? []).indexOf(unit)
}

// What leads to a unit: its label, or its number where two units have one label, or where the label is another's number.
export function nameOf(network: NetworkEntry, site: SiteEntry, unit: number): string {
  const label = labelsOf(network, site)?.[unit]
  return label !== undefined && numberOf(network, site, label) === unit ? label : String(unit)
}

// What a unit is called in a sentence, a class by its name, and the page it has; an address that leads nowhere is left as it is.
export function titled(network: NetworkEntry, address: string): { text: string; page: Page } {
  const { site, unit } = splitAddress(address)
  const at = network.sites.find((one) => one.address === site)
  const number = at && unit ? numberOf(network, at, unit) : -1
  const known = at && number >= 0 && number < at.units
  const text = known ? `${site}:${labelsOf(network, at)?.[number] ?? number}` : address
  return { text, page: { kind: 'unit', network: network.name, site, unit: known ? nameOf(network, at, number) : (unit ?? '') } }
}

// The unit of an address and the place it is read at, as written behind `@`; empty where there is none.
export function neuron(network: NetworkEntry, site: SiteEntry, unit: string): { unit: string; place: string } {
  const found = numberOf(network, site, unit) < 0 ? /^(.+)@(\d+(?:,\d+)*)$/.exec(unit) : null
  return found ? { unit: found[1]!, place: found[2]! } : { unit, place: '' }
}

// How many of the photographs a unit's page shows drove it most at this place; null where the site has no such place.
export function mostAt(site: SiteEntry, place: string, exemplars: ExemplarRow[]): number | null {
  const at = place.split(',').map(Number)
  if (at.length !== site.grid.length || at.some((one, axis) => one >= site.grid[axis]!)) return null
  const [row, column] = at.length === 2 ? at : [at[0]!, -1]
  return exemplars.filter((one) => one.row === row && one.column === column).length
}

// Photographs that both units show at a tick, in the order of the first.
export function inBoth(one: ExemplarRow[], other: ExemplarRow[], tick: Tick): string[] {
  const there = new Set(shownBy(tick, other).map((row) => row.photo))
  return [...new Set(shownBy(tick, one).map((row) => row.photo))].filter((photo) => there.has(photo))
}
