// Hash addresses: `#/network/site/unit?sort=...`. What is not `A-Za-z0-9_.:@,-` stands as `~XX` of its UTF-8 bytes.

const KEPT = /[A-Za-z0-9_.:@,-]/

export type Page =
  | { kind: 'atlas' }
  | { kind: 'network'; network: string }
  | { kind: 'site'; network: string; site: string }
  | { kind: 'unit'; network: string; site: string; unit: string }
  | { kind: 'photo'; network: string; photo: string }
  | { kind: 'salmon'; network: string }
  | { kind: 'compare' }
  | { kind: 'about' }
  | { kind: 'labs'; lab: string | null }
  | { kind: 'saved'; lab: string }
  | { kind: 'quiz' }
  | { kind: 'hypothesis' }
  | { kind: 'bench' }
  | { kind: 'unknown'; path: string }

export interface Route {
  page: Page
  view: Record<string, string>
}

export function escapeName(name: string): string {
  let out = ''
  for (const character of name) {
    if (KEPT.test(character)) out += character
    else for (const byte of new TextEncoder().encode(character)) out += '~' + byte.toString(16).toUpperCase().padStart(2, '0')
  }
  return out
}

export function unescapeName(text: string): string {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const escaped = /^~([0-9A-Fa-f]{2})/.exec(text.slice(i, i + 3))
    if (escaped) {
      bytes.push(parseInt(escaped[1]!, 16))
      i += 2
    } else bytes.push(...new TextEncoder().encode(text[i]!))
  }
  return new TextDecoder().decode(new Uint8Array(bytes))
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const view = Object.fromEntries(new URLSearchParams(query))
  const parts = path.split('/').filter(Boolean).map(unescapeName)
  return { page: toPage(parts, path), view }
}

function toPage(parts: string[], path: string): Page {
  const [network, site, unit, photo] = parts
  if (network === undefined) return { kind: 'atlas' }
  if (network === '-') return toOwnPage(site, unit, photo, parts.length) ?? { kind: 'unknown', path }
  if (site === undefined) return { kind: 'network', network }
  if (site === '-' && unit === 'salmon') return { kind: 'salmon', network }
  if (site === '-') return unit === 'photo' && photo !== undefined ? { kind: 'photo', network, photo } : { kind: 'unknown', path }
  if (unit === undefined) return { kind: 'site', network, site }
  return parts.length === 3 ? { kind: 'unit', network, site, unit } : { kind: 'unknown', path }
}

// Pages of the viewer's own, under `-`: no site can be mistaken for one.
function toOwnPage(name: string | undefined, lab: string | undefined, saved: string | undefined, depth: number): Page | null {
  if (name === 'labs' && lab === 'saved' && depth === 4) return { kind: 'saved', lab: saved! }
  if (name === 'labs' && depth <= 3) return { kind: 'labs', lab: lab ?? null }
  return depth === 2 && (name === 'about' || name === 'compare' || name === 'quiz' || name === 'hypothesis' || name === 'bench') ? { kind: name } : null
}

export function toHash(page: Page, view: Record<string, string> = {}): string {
  const query = new URLSearchParams(Object.entries(view).filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1))).toString()
  const parts = segments(page).map(escapeName)
  return '#/' + parts.join('/') + (query ? '?' + query : '')
}

function segments(page: Page): string[] {
  switch (page.kind) {
    case 'atlas':
      return []
    case 'network':
      return [page.network]
    case 'site':
      return [page.network, page.site]
    case 'unit':
      return [page.network, page.site, page.unit]
    case 'photo':
      return [page.network, '-', 'photo', page.photo]
    case 'salmon':
      return [page.network, '-', 'salmon']
    case 'compare':
    case 'about':
    case 'quiz':
    case 'hypothesis':
    case 'bench':
      return ['-', page.kind]
    case 'labs':
      return page.lab === null ? ['-', 'labs'] : ['-', 'labs', page.lab]
    case 'saved':
      return ['-', 'labs', 'saved', page.lab]
    case 'unknown':
      return page.path.split('/')
  }
}

// `layer4:17`, `layer4.1.bn2:17@3,5`, `fc:tabby`: site and unit of an address as it is written everywhere else.
export function splitAddress(address: string): { site: string; unit: string | null } {
  const colon = address.indexOf(':')
  if (colon < 0) return { site: address, unit: null }
  return { site: address.slice(0, colon), unit: address.slice(colon + 1).replace(/^"(.*)"$/, '$1') }
}

// The networks that a page is about, by name: its own, those of both sides of a comparison, the quiz's, that of the unit an idea is about.
export function networksOf({ page, view }: Route): string[] {
  if ('network' in page) return [page.network]
  if (page.kind === 'quiz') return view.network ? [view.network] : []
  const sides = page.kind === 'compare' ? [view.a, view.b] : page.kind === 'hypothesis' ? [view.of] : []
  return [...new Set(sides.flatMap((side) => (side ? networksOf({ page: fromSide(side), view: {} }) : [])))]
}

// One side of a comparison: a network, site or unit as one word of the query, `resnet18/layer4/17`.
export function toSide(page: Page): string {
  return segments(page).map(escapeName).join('/')
}

export function fromSide(text: string): Page {
  return parseHash('#/' + text).page
}
