// Made from src/optogram/atlas/schema.py by scripts/viewer_types.py; do not edit.

export const SCHEMA_VERSION = 3

/** One claim at one site to one viewer: its axis, its null, and how many units of each verdict there are. */
export interface ClaimSummary {
  claim: string
  title: string
  unit_of_effect: string
  viewer: string
  low: number
  high: number
  chance: number
  photographs: number
  tested: number
  verdicts: Record<string, number>
  null: Null | null
  sentence: string
  identified: number
  twin_identified: number[]
  twin_stands: number[]
  confounds: Record<string, number>
}

/** One attribution of one photograph, as numbers: the page draws it on the scale that its reader asks for. `height` x `width` signed bytes lie at `offset` of the photograph's `numbers`; 127 stands for `limit`, the 99.5th percentile of the absolute values. The map is that of the input frame, averaged over squares where the frame is larger than 256 pixels. */
export interface DrawnMap {
  method: string
  target: string
  response: number
  limit: number
  note: string
  height: number
  width: number
  offset: number
}

/** The receptive field of the central neuron, in pixels of the input frame. */
export interface FieldSize {
  height: number
  width: number
  clipped: boolean
}

/** One file of the atlas: its path relative to the manifest, and its length in bytes. */
export interface File {
  path: string
  bytes: number
}

/** One plain sentence about what was found, with the address it speaks of. */
export interface Finding {
  text: string
  address: string | null
}

/** A picture that was synthesised on the live bench and kept: of which unit, how, and what it reached. */
export interface KeptPicture {
  network: string
  address: string
  file: File
  activation: number
  verdict: string
  sentence: string
  settings: Record<string, string>
}

/** A file that could not be read, and why. */
export interface LeftOutFile {
  name: string
  reason: string
}

/** Everything that the viewer needs to begin. `held_out` are photographs to mark blind: one of each group, none of the half that ideas are from. */
export interface Manifest {
  schema_version: number
  title: string
  networks: NetworkEntry[]
  photographs: Source
  whole: Whole | null
  held_out: string[]
  findings: Finding[]
  opening: string[]
  kept: KeptPicture[]
  settings: Record<string, string | number | boolean | string[] | null>
  versions: Record<string, string>
}

/** One network of the atlas. A twin is a network too: `twin` says which, and that it knows nothing; else it is null. */
export interface NetworkEntry {
  name: string
  slug: string
  twin: string | null
  weights: string
  channels: number
  input_size: [number, number]
  labels: string[] | null
  sites: SiteEntry[]
  photographs: Photograph[]
}

/** How the claim's effect is distributed where there is nothing to find. `dots` are 50 quantiles of the pooled twin units' effects (each stands for 2 %); `ticks` one figure a twin, its median. `observed` is the network's family statistic, `families` each twin's; the gate's `p` is (1 + b) / (1 + twins). */
export interface Null {
  dots: number[]
  ticks: number[]
  observed: number
  families: number[]
  p: number
  open: boolean
  twins: number
  kinds: string[]
}

/** A photograph of the atlas's gallery, in the input frame: what it drives (`seen`, a table), and attribution maps. `seen` is described in `tables.py`; `numbers` holds the maps. */
export interface Photograph {
  identity: string
  file: File
  height: number
  width: number
  predictions: [string, number][]
  seen: File
  numbers: File | null
  maps: DrawnMap[]
}

/** One site: what it is, where its files are, what is claimed of it. `held` of its `units` are in the tables: all, but in an export. `responses_file` holds each unit's response to the manifest's `held_out` photographs, as little-endian float32, unit by unit in the order of `cell`. Exemplars of `exemplars_each` units at a time, in the same order, lie in `exemplars_file` and `exemplars_more`; of all units in the first where that is 0. Another table that would be larger than 4 MB is cut: `more` has its further files, in order, by its name. `references_file` has some units' photographs of either half. `map_method` made the exemplars' maps, where there are any. `reads` are the sites it is computed from without another site of the atlas between. */
export interface SiteEntry {
  address: string
  slug: string
  number: number
  kind: string
  layout: string
  units: number
  held: number
  grid: number[]
  field: FieldSize | null
  rectified: boolean
  units_file: File
  exemplars_file: File
  exemplars_more: File[]
  exemplars_each: number
  evidence_file: File | null
  references_file: File | null
  links_file: File | null
  tuning_file: File | null
  responses_file: File | null
  more: Record<string, File[]>
  map_method: string | null
  packs: Record<string, File[]>
  sprites: Sprites[]
  plate_columns: number
  plate_cell: number
  picture_cell: number
  claims: ClaimSummary[]
  dead: number
  reads: string[]
}

/** The photographs: how many, their hash, and what was left out. */
export interface Source {
  name: string
  count: number
  panel: number
  hash: string
  left_out: LeftOutFile[]
}

/** Sheets of square cells for a site's grid: `columns` x `columns` cells of `size` pixels on each, units in the order of `cell`. */
export interface Sprites {
  view: 'strongest' | 'middle' | 'synthesised' | 'weights'
  size: number
  columns: number
  count: number
  sheets: File[]
}

/** Photographs that exemplars were cut from, in the input frame: a table of where each lies in the packs. At most `most` of them are kept, those of the strongest exemplars first; `count` were asked for. */
export interface Whole {
  index: File
  packs: File[]
  kept: number
  count: number
}
