// The open atlas: its manifest, and what has been fetched of it so far.

import { type Page, splitAddress } from './address'
import { fetchPart, fetchWhole, Recent } from './data/files'
import { byPhoto, byUnit, type EvidenceRow, type ExemplarRow, type LinkRow, readTable, type SeenRow, type TuningRow, type UnitRow, type WholeRow } from './data/tables'
import type { Manifest, NetworkEntry, Photograph, SiteEntry } from './schema'
import { SCHEMA_VERSION } from './schema'

// What later formats added may be missing: pages leave it out.
const OLDEST = 2

export class Atlas {
  private tables = new Recent<unknown[]>(24)
  private pictures = new Recent<string>(120, (url) => URL.revokeObjectURL(url))

  constructor(readonly manifest: Manifest) {}

  static async open(): Promise<Atlas> {
    const text = new TextDecoder().decode(await fetchWhole('manifest.json'))
    const manifest = JSON.parse(text) as Manifest
    if (manifest.schema_version < OLDEST || manifest.schema_version > SCHEMA_VERSION)
      throw new Error(`this viewer reads format ${SCHEMA_VERSION}, and the atlas is of format ${manifest.schema_version}. Build it again.`)
    return new Atlas(manifest)
  }

  network(name: string): NetworkEntry | undefined {
    return this.manifest.networks.find((network) => network.name === name || network.slug === name)
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

  // Every row of a site's evidence, by unit.
  async judged(site: SiteEntry): Promise<Map<number, EvidenceRow[]>> {
    const file = site.evidence_file
    if (!file) return byUnit([])
    const [grouped] = (await this.tables.get(file.path, async () => [byUnit(await readTable<EvidenceRow>(file.path))])) as [Map<number, EvidenceRow[]>]
    return grouped
  }

  async evidence(site: SiteEntry, unit: number): Promise<EvidenceRow[]> {
    return (await this.judged(site)).get(unit) ?? []
  }

  async links(site: SiteEntry, unit: number): Promise<LinkRow[]> {
    const path = site.links_file?.path
    return path ? ((await this.tables.get(path, () => readTable<LinkRow>(path))) as LinkRow[]).filter((row) => row.unit === unit) : []
  }

  async tuning(site: SiteEntry, unit: number): Promise<TuningRow | undefined> {
    const path = site.tuning_file?.path
    return path ? ((await this.tables.get(path, () => readTable<TuningRow>(path))) as TuningRow[]).find((row) => row.unit === unit) : undefined
  }

  // Each unit's responses to the photographs held out for marking, in the order of the site's cells; null where the atlas keeps none.
  async responses(site: SiteEntry): Promise<Float32Array[] | null> {
    const path = site.responses_file?.path
    const count = this.manifest.held_out?.length ?? 0
    if (!path || !count) return null
    const [all] = (await this.tables.get(path, async () => [new Float32Array(await fetchWhole(path))])) as [Float32Array]
    return Array.from({ length: all.length / count }, (_, cell) => all.subarray(cell * count, (cell + 1) * count))
  }

  // An exemplar's attribution map as signed bytes; null where it has none.
  async mapOf(site: SiteEntry, row: ExemplarRow): Promise<Int8Array | null> {
    const file = site.packs.maps?.[row.map_pack ?? -1]
    if (!file || !row.map_rows || !row.map_columns) return null
    const bytes = await fetchPart(file.path, row.map_offset!, row.map_rows * row.map_columns)
    return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  // A photograph as it stood before the exemplar was cut from it; null where the atlas keeps it not.
  async whole(photo: string): Promise<{ url: string; height: number; width: number } | null> {
    const whole = this.manifest.whole
    if (!whole) return null
    const index = (await this.tables.get(whole.index.path, async () => [
      byPhoto(await readTable<WholeRow>(whole.index.path)),
    ])) as [Map<string, WholeRow>]
    const row = index[0].get(photo)
    const file = row && whole.packs[row.pack]
    if (!file) return null
    const url = await this.pictures.get(`${file.path}@${row.offset}`, () => this.part(file.path, row.offset, row.length))
    return { url, height: row.height, width: row.width }
  }

  seen(photo: Photograph): Promise<SeenRow[]> {
    return this.tables.get(photo.seen.path, () => readTable<SeenRow>(photo.seen.path)) as Promise<SeenRow[]>
  }

  private async part(path: string, offset: number, length: number): Promise<string> {
    const bytes = await fetchPart(path, offset, length)
    return URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'image/webp' }))
  }

  // The untrained twin that lies beside a network; a twin has none.
  twinOf(network: NetworkEntry): NetworkEntry | undefined {
    return network.twin ? undefined : this.manifest.networks.find((one) => one.twin && one.name.startsWith(`${network.name}:`))
  }

  // An object URL for a unit's plate or picture; null where there is none.
  async picture(site: SiteEntry, kind: 'plates' | 'pictures', row: UnitRow): Promise<string | null> {
    const [pack, offset, length] =
      kind === 'plates' ? [row.plate_pack, row.plate_offset, row.plate_length] : [row.picture_pack, row.picture_offset, row.picture_length]
    const file = site.packs[kind]?.[pack]
    if (!file || length === 0) return null
    return this.pictures.get(`${file.path}@${offset}`, () => this.part(file.path, offset, length))
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
      ...photos.slice(0, 20).map(({ identity }) => ({ text: identity, page: { kind: 'photo' as const, network: network.name, photo: identity } })),
    ]
  }
}

function toFound(network: NetworkEntry, site: string, unit: string | null): { text: string; page: Page } {
  if (unit === null) return { text: site, page: { kind: 'site', network: network.name, site } }
  return { text: `${site}:${unit}`, page: { kind: 'unit', network: network.name, site, unit } }
}
