// Counts of verdicts: of one claim at a time, the leading one where none is chosen. Adding up claims would count units twice.

import type { ClaimSummary, NetworkEntry, SiteEntry } from './schema'

export const VERDICTS = ['stands', 'leans', "can't tell", 'salmon', 'not tested'] as const

export function claimOf(site: SiteEntry, name: string | undefined): ClaimSummary | undefined {
  return site.claims.find((claim) => claim.claim === name) ?? (name ? undefined : site.claims[0])
}

export function leadingCounts(site: SiteEntry, name?: string): Record<string, number> {
  return claimOf(site, name)?.verdicts ?? {}
}

// Every claim that any site of the network was tested for, the leading one first.
export function claimsOf(network: NetworkEntry): ClaimSummary[] {
  const found = new Map<string, ClaimSummary>()
  for (const site of network.sites) for (const claim of site.claims) if (!found.has(claim.claim)) found.set(claim.claim, claim)
  return [...found.values()]
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
