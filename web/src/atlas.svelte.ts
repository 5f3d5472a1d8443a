// The open atlas: its manifest, and what has been fetched of it so far.

import { fetchPart, fetchWhole, Recent } from './data/files'
import { type EvidenceRow, type ExemplarRow, readTable, type UnitRow } from './data/tables'
import type { Manifest, NetworkEntry, SiteEntry } from './schema'

export class Atlas {
  private tables = new Recent<unknown[]>(24)
  private pictures = new Recent<string>(120, (url) => URL.revokeObjectURL(url))

  constructor(readonly manifest: Manifest) {}

  static async open(): Promise<Atlas> {
    const text = new TextDecoder().decode(await fetchWhole('manifest.json'))
    return new Atlas(JSON.parse(text) as Manifest)
  }

  network(slug: string): NetworkEntry | undefined {
    return this.manifest.networks.find((network) => network.slug === slug || network.name === slug)
  }

  site(network: NetworkEntry, address: string): SiteEntry | undefined {
    return network.sites.find((site) => site.address === address)
  }

  units(site: SiteEntry): Promise<UnitRow[]> {
    return this.tables.get(site.units_file.path, () => readTable<UnitRow>(site.units_file.path)) as Promise<UnitRow[]>
  }

  async exemplars(site: SiteEntry, unit: number): Promise<ExemplarRow[]> {
    const path = site.exemplars_file.path
    const rows = (await this.tables.get(path, () => readTable<ExemplarRow>(path))) as ExemplarRow[]
    return rows.filter((row) => row.unit === unit)
  }

  async evidence(site: SiteEntry, unit: number): Promise<EvidenceRow[]> {
    const file = site.evidence_file
    if (!file) return []
    const rows = (await this.tables.get(file.path, () => readTable<EvidenceRow>(file.path))) as EvidenceRow[]
    return rows.filter((row) => row.unit === unit)
  }

  // An object URL for a unit's plate or picture; null where there is none.
  async picture(site: SiteEntry, kind: 'plates' | 'pictures', row: UnitRow): Promise<string | null> {
    const [pack, offset, length] =
      kind === 'plates' ? [row.plate_pack, row.plate_offset, row.plate_length] : [row.picture_pack, row.picture_offset, row.picture_length]
    const file = site.packs[kind]?.[pack]
    if (!file || length === 0) return null
    return this.pictures.get(`${file.path}@${offset}`, async () => {
      const bytes = await fetchPart(file.path, offset, length)
      return URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'image/webp' }))
    })
  }

  // All sites are searched for an address; classes by their label at sites that have labels.
  find(network: NetworkEntry, text: string): { site: string; unit: string | null }[] {
    const wanted = text.trim()
    if (!wanted) return []
    const colon = wanted.indexOf(':')
    const [place, unit] = colon < 0 ? [wanted, null] : [wanted.slice(0, colon), wanted.slice(colon + 1)]
    const sites = network.sites.filter((site) => site.address.toLowerCase().includes(place.toLowerCase()))
    const found = sites.map((site) => ({ site: site.address, unit }))
    const head = network.sites.findLast((site) => network.labels?.length === site.units)
    const classes = (network.labels ?? []).filter((label) => head && colon < 0 && label.toLowerCase().includes(wanted.toLowerCase()))
    return [...found, ...classes.slice(0, 20).map((label) => ({ site: head!.address, unit: label }))].slice(0, 40)
  }
}

export function isTwin(network: NetworkEntry): boolean {
  return network.twin !== null
}
