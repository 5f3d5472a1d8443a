// The pieces into which rectifiers cut the plane, counted exactly: every number is a whole multiple of a power of two, so nothing is rounded.

export interface Layer {
  weights: number[][]
  biases: number[]
}

// a x + b y + c, as whole numbers over one power of two that all rows of a layer share.
type Row = [bigint, bigint, bigint]
// Homogeneous coordinates: (x, y, w) with w > 0 is the point (x / w, y / w).
type Corner = [bigint, bigint, bigint]
type Border = { corner: Corner; side: Row }[]

export interface Piece {
  border: Border
  pattern: string
  rows: Row[]
}

const FAR = 1n << 2000n

export function forward(layers: Layer[], point: number[]): { before: number[][]; after: number[][] } {
  const before: number[][] = []
  const after: number[][] = []
  let values = point
  for (const { weights, biases } of layers) {
    const sums = weights.map((row, unit) => row.reduce((sum, weight, index) => sum + weight * values[index]!, biases[unit]!))
    before.push(sums)
    values = sums.map((sum) => Math.max(0, sum))
    after.push(values)
  }
  return { before, after }
}

// The pieces after each layer, of the whole plane.
export function pieces(layers: Layer[]): Piece[][] {
  const sides: Row[] = [[0n, 1n, FAR], [-1n, 0n, FAR], [0n, -1n, FAR], [1n, 0n, FAR]]
  const border = sides.map((side, index) => ({ corner: meeting(sides[(index + 3) % 4]!, side), side }))
  let current: Piece[] = [{ border, pattern: '', rows: [[1n, 0n, 0n], [0n, 1n, 0n]] }]
  let scale = 0
  const found: Piece[][] = []
  for (const layer of layers) {
    const bits = Math.max(...[...layer.weights.flat(), ...layer.biases].map(fraction))
    current = current.flatMap((piece) => rectified(piece, layer, bits, scale))
    scale += bits
    found.push(current)
  }
  return found
}

export function counts(found: Piece[]): { patterns: number; maps: number; areas: number } {
  return {
    patterns: new Set(found.map((piece) => piece.pattern)).size,
    maps: new Set(found.map((piece) => piece.rows.map((row) => row.join(',')).join(';'))).size,
    areas: found.filter((piece) => rank(piece) === 2).length,
  }
}

// The most pieces that layers of two units can make: 4, 11, 30, 85.
export function most(layers: number): number {
  return layers === 0 ? 1 : most(layers - 1) + 2 * 3 ** (layers - 1) + 1
}

// In how many dimensions a piece lies after the last layer.
export function rank(piece: Piece): number {
  const [first, ...rest] = piece.rows.filter(([a, b]) => a !== 0n || b !== 0n)
  if (!first) return 0
  return rest.some(([a, b]) => first[0] * b !== first[1] * a) ? 2 : 1
}

// A network of four units a layer that folds the plane along both axes, then the quarter again: 4, 16, 64, 256 pieces.
export function folded(layers: number): Layer[] {
  const pair = [[1, 1, 0, 0], [-1, -1, 0, 0], [0, 0, 1, 1], [0, 0, -1, -1]]
  const later = Array.from({ length: layers - 1 }, (_, index) => ({ weights: pair, biases: [-1, 1, -1, 1].map((shift) => shift / 2 ** index) }))
  return [{ weights: [[1, 0], [-1, 0], [0, 1], [0, -1]], biases: [0, 0, 0, 0] }, ...later].slice(0, layers)
}

// Which units are on, layer by layer, as the pieces name it.
export function patternAt(layers: Layer[], point: number[]): string {
  return forward(layers, point)
    .before.map((values) => values.map((value) => (value > 0 ? '1' : '0')).join('') + '/')
    .join('')
}

function rectified(piece: Piece, layer: Layer, bits: number, scale: number): Piece[] {
  const rows = layer.weights.map((weights, unit) => rowOf(weights, layer.biases[unit]!, piece.rows, bits, scale))
  let parts: { border: Border; sides: boolean[] }[] = [{ border: piece.border, sides: [] }]
  for (const row of rows) parts = parts.flatMap(({ border, sides }) => cut(border, row).map(([part, on]) => ({ border: part, sides: [...sides, on] })))
  return parts.map(({ border, sides }) => ({
    border,
    pattern: piece.pattern + sides.map((on) => (on ? '1' : '0')).join('') + '/',
    rows: rows.map((row, index): Row => (sides[index] ? row : [0n, 0n, 0n])),
  }))
}

function rowOf(weights: number[], bias: number, rows: Row[], bits: number, scale: number): Row {
  const sum = (part: number) => weights.reduce((total, weight, index) => total + whole(weight, bits) * rows[index]![part]!, 0n)
  return [sum(0), sum(1), sum(2) + (whole(bias, bits) << BigInt(scale))]
}

function cut(border: Border, row: Row): [Border, boolean][] {
  const heights = border.map(({ corner: [x, y, w] }) => row[0] * x + row[1] * y + row[2] * w)
  const above = heights.some((height) => height > 0n)
  if (!above || !heights.some((height) => height < 0n)) return [[border, above]]
  return [
    [kept(border, heights, row), true],
    [kept(border, heights.map((height) => -height), row), false],
  ]
}

// The part of a convex polygon on which heights are positive; the line is its new side.
function kept(border: Border, heights: bigint[], line: Row): Border {
  const found: Border = []
  border.forEach(({ corner, side }, index) => {
    const [before, height, after] = [heights.at(index - 1)!, heights[index]!, heights[(index + 1) % heights.length]!]
    if (height > 0n || (height === 0n && after > 0n)) found.push({ corner, side })
    else if (height === 0n && before > 0n) found.push({ corner, side: line })
    if ((height > 0n && after < 0n) || (height < 0n && after > 0n)) found.push({ corner: meeting(side, line), side: height > 0n ? line : side })
  })
  return found
}

function meeting(one: Row, other: Row): Corner {
  const x = one[1] * other[2] - one[2] * other[1]
  const y = one[2] * other[0] - one[0] * other[2]
  const w = one[0] * other[1] - one[1] * other[0]
  return w > 0n ? [x, y, w] : [-x, -y, -w]
}

// How many bits after the point a number has.
function fraction(value: number): number {
  let bits = 0
  for (let rest = Math.abs(value); !Number.isInteger(rest) && bits < 1100; bits++) rest *= 2
  return bits
}

function whole(value: number, bits: number): bigint {
  const own = fraction(value)
  return BigInt(value * 2 ** own) << BigInt(bits - own)
}

// A piece's corners as numbers, within a square of this half-side: what can be drawn.
export function outline(piece: Piece, half: number): [number, number][] {
  const near = (value: bigint, w: bigint) => Number((value * 1_000_000n) / w) / 1_000_000
  return clipped(piece.border.map(({ corner: [x, y, w] }) => [near(x, w), near(y, w)]), half)
}

function clipped(points: [number, number][], half: number): [number, number][] {
  let found = points.map(([x, y]): [number, number] => [Math.min(1e9, Math.max(-1e9, x)), Math.min(1e9, Math.max(-1e9, y))])
  for (const [axis, sign] of [[0, 1], [0, -1], [1, 1], [1, -1]] as const) {
    const inside = (point: [number, number]) => sign * point[axis]! <= half
    found = found.flatMap((point, index) => {
      const next = found[(index + 1) % found.length]!
      const share = (sign * half - point[axis]!) / (next[axis]! - point[axis]!)
      const crossing: [number, number] = [point[0] + share * (next[0] - point[0]), point[1] + share * (next[1] - point[1])]
      return [...(inside(point) ? [point] : []), ...(inside(point) !== inside(next) ? [crossing] : [])]
    })
  }
  return found
}
