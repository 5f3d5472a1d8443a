// The open atlas: its manifest, and what has been fetched of it so far.

import { type Page, splitAddress } from './address'
import { exported, fetchPart, fetchWhole, Recent } from './data/files'
import { byPhoto, byUnit, type EvidenceRow, type ExemplarRow, type Grouped, type HalfRow, type LinkRow, readByUnit, readTables, type ReferenceRow, REFERENCES, type SeenRow, type Sheet, type TuningRow, type UnitRow, type WholeRow } from './data/tables'
import type { File, Manifest, NetworkEntry, Photograph, SiteEntry } from './schema'
import { SCHEMA_VERSION } from './schema'
import { nameOf } from './units'

// What later formats added may be missing: pages leave it out.
const OLDEST = 2

export class Atlas {
  private tables = new Recent<[unknown]>(24)
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

  // What was made of a table's files, kept under the first one's name: nearly always it is the only one.
  private async kept<T>(files: File[], make: (paths: string[]) => Promise<T>): Promise<T> {
    const [found] = (await this.tables.get(files[0]!.path, async () => [await make(files.map((file) => file.path))])) as [T]
    return found
  }

  units(site: SiteEntry): Promise<UnitRow[]> {
    return this.kept(filesOf(site, 'units'), readTables<UnitRow>)
  }

  private grouped<T>(files: File[]): Promise<Grouped<T>> {
    return this.kept(files, readByUnit<T>)
  }

  async exemplars(site: SiteEntry, unit: number): Promise<ExemplarRow[]> {
    const each = site.exemplars_each ?? 0
    const cell = each ? ((await this.units(site)).find((row) => row.unit === unit)?.cell ?? 0) : 0
    const file = each && cell >= each ? site.exemplars_more[Math.floor(cell / each) - 1]! : site.exemplars_file
    return (await this.grouped<ExemplarRow>([file])).of(unit)
  }

  // The units that have references of either half; null where the atlas keeps none.
  async referred(site: SiteEntry): Promise<number[] | null> {
    const files = filesOf(site, 'references')
    return files.length ? (await this.grouped<ReferenceRow>(files)).units : null
  }

  // Each half's photographs that drive a unit most and least: nine of each among the references, else those that lie on its plate.
  async halves(site: SiteEntry, unit: number): Promise<HalfRow[]> {
    const files = filesOf(site, 'references')
    const rows = files.length ? (await this.grouped<ReferenceRow>(files)).of(unit) : []
    if (!rows.length) return (await this.exemplars(site, unit)).filter((row): row is ExemplarRow & { kind: HalfRow['kind'] } => row.kind !== 'quantile')
    const most = Math.max(...rows.filter((row) => row.length).map((row) => row.cell), 0)
    return rows.map((row) => (row.length ? { ...row, sheet: { path: site.packs.references![row.pack]!.path, offset: row.offset, length: row.length, rows: Math.floor(most / REFERENCES) + 1 } } : row))
  }

  // An object URL for the sheet that a reference lies on.
  sheet({ path, offset, length }: Sheet): Promise<string> {
    return this.pictures.get(`${path}@${offset}`, () => this.part(path, offset, length))
  }

  // Every row of a site's evidence, by unit.
  async judged(site: SiteEntry): Promise<Map<number, EvidenceRow[]>> {
    const files = filesOf(site, 'evidence')
    return files.length ? this.kept(files, async (paths) => byUnit(await readTables<EvidenceRow>(paths))) : byUnit([])
  }

  async evidence(site: SiteEntry, unit: number): Promise<EvidenceRow[]> {
    return (await this.judged(site)).get(unit) ?? []
  }

  async links(site: SiteEntry, unit: number): Promise<LinkRow[]> {
    const files = filesOf(site, 'links')
    return files.length ? (await this.grouped<LinkRow>(files)).of(unit) : []
  }

  async tuning(site: SiteEntry, unit: number): Promise<TuningRow | undefined> {
    const files = filesOf(site, 'tuning')
    return files.length ? (await this.kept(files, readTables<TuningRow>)).find((row) => row.unit === unit) : undefined
  }

  // Each unit's responses to the photographs held out for marking, in the order of the site's cells; null where the atlas keeps none.
  async responses(site: SiteEntry): Promise<Float32Array[] | null> {
    const files = filesOf(site, 'responses')
    const count = this.manifest.held_out?.length ?? 0
    if (!files.length || !count) return null
    return this.kept(files, async (paths) => {
      const parts = await Promise.all(paths.map(async (path) => new Float32Array(await fetchWhole(path))))
      return parts.flatMap((part) => Array.from({ length: part.length / count }, (_, cell) => part.subarray(cell * count, (cell + 1) * count)))
    })
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
    const index = await this.kept([whole.index], async (paths) => byPhoto(await readTables<WholeRow>(paths)))
    const row = index.get(photo)
    const file = row && whole.packs[row.pack]
    if (!file) return null
    const url = await this.pictures.get(`${file.path}@${row.offset}`, () => this.part(file.path, row.offset, row.length))
    return { url, height: row.height, width: row.width }
  }

  seen(photo: Photograph): Promise<SeenRow[]> {
    return this.kept([photo.seen], readTables<SeenRow>)
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

  // What the reader is likely to turn to next; a fault shows when they do.
  async fetchAhead(site: SiteEntry, row: UnitRow): Promise<void> {
    if (exported()) return
    await Promise.all([this.picture(site, 'plates', row), this.picture(site, 'pictures', row)]).catch(() => {})
  }

  // Sites by their address, units by site and number, classes by label, photographs by name.
  find(network: NetworkEntry, text: string): { text: string; page: Page }[] {
    const wanted = text.trim().toLowerCase()
    if (!wanted) return []
    const { site: place, unit } = splitAddress(wanted)
    const sites = network.sites.filter((site) => site.address.toLowerCase().includes(place)).map((site) => toFound(network, site.address, unit))
    const head = network.sites.findLast((site) => network.labels?.length === site.units)
    const labelled = head && unit === null ? network.labels!.map((label, index) => ({ label, index })).filter(({ label }) => label.toLowerCase().includes(wanted)) : []
    const photos = network.photographs.filter((photo) => photo.identity.toLowerCase().includes(wanted))
    return [
      ...sites,
      ...labelled.slice(0, 20).map(({ label, index }) => ({ ...toFound(network, head!.address, nameOf(network, head!, index)), text: `${head!.address}:${label}` })),
      ...photos.slice(0, 20).map(({ identity }) => ({ text: identity, page: { kind: 'photo' as const, network: network.name, photo: identity } })),
    ]
  }
}

// A table's files in the order of its rows; none where it was not made.
export function filesOf(site: SiteEntry, name: 'units' | 'references' | 'evidence' | 'links' | 'tuning' | 'responses'): File[] {
  const first = site[`${name}_file`]
  return first ? [first, ...(site.more?.[name] ?? [])] : []
}

function toFound(network: NetworkEntry, site: string, unit: string | null): { text: string; page: Page } {
  if (unit === null) return { text: site, page: { kind: 'site', network: network.name, site } }
  return { text: `${site}:${unit}`, page: { kind: 'unit', network: network.name, site, unit } }
}
