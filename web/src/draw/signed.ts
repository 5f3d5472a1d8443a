// Signed maps in colour: blue down, orange up, zero the ground; ends of equal lightness and chroma in OKLab, so that every eye tells them apart.

type Triple = [number, number, number]

const LIGHT: [string, string, string] = ['#256bb1', '#f4f2ee', '#a05000']
const DARK: [string, string, string] = ['#71b5ff', '#161616', '#f0995b']

const toLinear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
const toGamma = (value: number) => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055)

export function toOklab(hex: string): Triple {
  const [r, g, b] = [1, 3, 5].map((at) => toLinear(parseInt(hex.slice(at, at + 2), 16) / 255)) as Triple
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

export function fromOklab([light, a, b]: Triple): Triple {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3
  const linear: Triple = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  return linear.map((value) => Math.round(255 * Math.min(1, Math.max(0, toGamma(value))))) as Triple
}

// 255 colours, -127 to 127; the middle one is exactly zero's.
export function colours(dark: boolean): Triple[] {
  const [down, zero, up] = (dark ? DARK : LIGHT).map(toOklab) as [Triple, Triple, Triple]
  return Array.from({ length: 255 }, (_, index) => {
    const share = (index - 127) / 127
    const end = share < 0 ? down : up
    return fromOklab(zero.map((value, axis) => value + Math.abs(share) * (end[axis]! - value)) as Triple)
  })
}

// The most that a map over its photograph covers of it.
const COVER = 217

// Pixels of a map whose 127 stands for `limit`, on a scale that ends at `shown`; `over` a photograph zero is clear and the ends' colours cover it.
export function painted(values: Int8Array, limit: number, shown: number, dark: boolean, over = false): Uint8ClampedArray<ArrayBuffer> {
  const table = colours(dark)
  const out = new Uint8ClampedArray(4 * values.length)
  const gain = shown > 0 ? limit / shown : 0
  values.forEach((value, index) => {
    const step = Math.round(Math.min(127, Math.max(-127, value * gain)))
    out.set(over ? table[step < 0 ? 0 : 254]! : table[step + 127]!, 4 * index)
    out[4 * index + 3] = over ? Math.round((COVER * Math.abs(step)) / 127) : 255
  })
  return out
}

// Sides of pixels where the smoothed map crosses `level` of 127 from below (for a negative level: from above); drawn, they tell signs apart without colour.
export function crossings(values: Int8Array, width: number, level: number, radius: number): [number, number, number, number][] {
  const height = values.length / width
  const smooth = blurred(values, width, radius)
  const inside = (x: number, y: number) => {
    if (x < 0 || y < 0 || x >= width || y >= height) return false
    const value = smooth[y * width + x]!
    return level > 0 ? value >= level : value <= level
  }
  const found: [number, number, number, number][] = []
  for (let y = 0; y <= height; y++)
    for (let x = 0; x <= width; x++) {
      if (inside(x, y) !== inside(x - 1, y)) found.push([x, y, x, y + 1])
      if (inside(x, y) !== inside(x, y - 1)) found.push([x, y, x + 1, y])
    }
  return found
}

function blurred(values: Int8Array, width: number, radius: number): Float32Array {
  const height = values.length / width
  const across = new Float32Array(values.length)
  const out = new Float32Array(values.length)
  const mean = (from: ArrayLike<number>, to: Float32Array, length: number, stride: number, start: number) => {
    for (let at = 0; at < length; at++) {
      let total = 0
      const [low, high] = [Math.max(0, at - radius), Math.min(length - 1, at + radius)]
      for (let near = low; near <= high; near++) total += from[start + near * stride]!
      to[start + at * stride] = total / (high - low + 1)
    }
  }
  for (let y = 0; y < height; y++) mean(values, across, width, 1, y * width)
  for (let x = 0; x < width; x++) mean(across, out, height, width, x)
  return out
}
