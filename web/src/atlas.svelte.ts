// The open atlas: its manifest, and what has been fetched of it so far.

import { type Page, splitAddress } from './address'
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

  // Sites by their address, units by site and number, classes by label, photographs by name.
  find(network: NetworkEntry, text: string): { text: string; page: Page }[] {
    const wanted = text.trim().toLowerCase()
    if (!wanted) return []
    const { site: place, unit } = splitAddress(wanted)
    const sites = network.sites.filter((site) => site.address.toLowerCase().includes(place)).map((site) => toFound(network, site.address, unit))
    const head = network.sites.findLast((site) => network.labels?.length === site.units)
    const labels = head && unit === null ? network.labels!.filter((label) => label.toLowerCase().includes(wanted)) : []
    const photos = network.photographs.filter((photo) => photo.identity.toLowerCase().includes(wanted))
    return [
      ...sites,
      ...labels.slice(0, 20).map((label) => toFound(network, head!.address, label)),
      ...photos.slice(0, 20).map(({ identity }) => ({ text: identity, page: { kind: 'photo' as const, network: network.slug, photo: identity } })),
    ]
  }
}

function toFound(network: NetworkEntry, site: string, unit: string | null): { text: string; page: Page } {
  if (unit === null) return { text: site, page: { kind: 'site', network: network.slug, site } }
  return { text: `${site}:${unit}`, page: { kind: 'unit', network: network.slug, site, unit } }
}
