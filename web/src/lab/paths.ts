// The hand network that computes the greater and the lesser of two pixels, and every derivative of it as a sum over its paths.

export type Unit = 'x1' | 'x2' | 'h1' | 'h2' | 'd' | 'e' | 'k' | 'max' | 'min'

export interface Edge {
  from: Unit
  to: Unit
  weight: number
}

// h1 = [x1]+, h2 = [x2]+, d = [h1 - h2]+, e = [h2]+, k = [h1]+; max = d + e, min = k - d.
export const EDGES: Edge[] = [
  { from: 'x1', to: 'h1', weight: 1 },
  { from: 'x2', to: 'h2', weight: 1 },
  { from: 'h1', to: 'd', weight: 1 },
  { from: 'h2', to: 'd', weight: -1 },
  { from: 'h2', to: 'e', weight: 1 },
  { from: 'h1', to: 'k', weight: 1 },
  { from: 'd', to: 'max', weight: 1 },
  { from: 'e', to: 'max', weight: 1 },
  { from: 'd', to: 'min', weight: -1 },
  { from: 'k', to: 'min', weight: 1 },
]

const ORDER: Unit[] = ['h1', 'h2', 'd', 'e', 'k', 'max', 'min']
const RECTIFIED = new Set<Unit>(['h1', 'h2', 'd', 'e', 'k'])

export function values(x1: number, x2: number): Record<Unit, number> {
  const found = { x1, x2 } as Record<Unit, number>
  for (const unit of ORDER) {
    const sum = EDGES.filter((edge) => edge.to === unit).reduce((total, edge) => total + edge.weight * found[edge.from], 0)
    found[unit] = RECTIFIED.has(unit) ? Math.max(0, sum) : sum
  }
  return found
}

export interface Path {
  edges: Edge[]
  weight: number
  // Whether every rectifier on it is on.
  open: boolean
}

// Every way from a pixel to an output.
export function paths(from: Unit, to: Unit, at: Record<Unit, number>): Path[] {
  if (from === to) return [{ edges: [], weight: 1, open: true }]
  return EDGES.filter((edge) => edge.from === from).flatMap((edge) =>
    paths(edge.to, to, at).map((rest) => ({
      edges: [edge, ...rest.edges],
      weight: edge.weight * rest.weight,
      open: rest.open && (!RECTIFIED.has(edge.to) || at[edge.to] > 0),
    })),
  )
}

export const RULES = ['gradient', 'guided_backprop', 'positive_paths', 'all_paths'] as const
export type Rule = (typeof RULES)[number]

// What a rule makes of the paths from an output back to a pixel.
export function derivative(rule: Rule, pixel: 'x1' | 'x2', output: 'max' | 'min', at: Record<Unit, number>): number {
  const open = paths(pixel, output, at).filter((path) => path.open)
  if (rule === 'gradient') return open.reduce((sum, path) => sum + path.weight, 0)
  if (rule === 'all_paths') return open.reduce((sum, path) => sum + Math.abs(path.weight), 0)
  if (rule === 'positive_paths') return open.filter((path) => path.edges.every((edge) => edge.weight > 0)).reduce((sum, path) => sum + path.weight, 0)
  return guided(pixel, output, at)
}

// What comes back to a rectifier must be positive, and the rectifier on.
function guided(unit: Unit, output: Unit, at: Record<Unit, number>): number {
  if (unit === output) return 1
  const back = EDGES.filter((edge) => edge.from === unit).reduce((sum, edge) => sum + edge.weight * guided(edge.to, output, at), 0)
  return RECTIFIED.has(unit) ? (at[unit] > 0 ? Math.max(0, back) : 0) : back
}
