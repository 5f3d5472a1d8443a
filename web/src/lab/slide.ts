// Convolution and cross-correlation by hand, in one and two dimensions, and the rule for the size of their output.

export interface Setting {
  stride: number
  padding: number
  dilation: number
}

// (n + 2 p - d (k - 1) - 1) / s rounded down, and one more.
export function size(inputs: number, kernel: number, { stride, padding, dilation }: Setting): number {
  return Math.max(0, Math.floor((inputs + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1)
}

// The same by moving a window over a strip and counting where all of it lies on the strip.
export function placed(inputs: number, kernel: number, { stride, padding, dilation }: Setting): number {
  const reach = dilation * (kernel - 1)
  let found = 0
  for (let start = -padding; start < inputs + padding; start += stride) if (start + reach < inputs + padding) found++
  return found
}

// What one place of the window multiplies and adds: the entries' places in the input, outside where it is padded.
export function window1(place: number, kernel: number, { stride, padding, dilation }: Setting): number[] {
  return Array.from({ length: kernel }, (_, entry) => place * stride - padding + entry * dilation)
}

export function correlate(signal: number[], kernel: number[], setting: Setting): number[] {
  return Array.from({ length: size(signal.length, kernel.length, setting) }, (_, place) =>
    window1(place, kernel.length, setting).reduce((sum, at, entry) => sum + kernel[entry]! * (signal[at] ?? 0), 0),
  )
}

// The cross-correlation with the kernel from its last entry to its first.
export function convolve(signal: number[], kernel: number[], setting: Setting): number[] {
  return correlate(signal, kernel.toReversed(), setting)
}

export function turned(kernel: number[][]): number[][] {
  return kernel.toReversed().map((row) => row.toReversed())
}

export function correlatePlane(plane: number[][], kernel: number[][], setting: Setting): number[][] {
  const [height, width] = [size(plane.length, kernel.length, setting), size(plane[0]!.length, kernel[0]!.length, setting)]
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => {
      const columns = window1(column, kernel[0]!.length, setting)
      return window1(row, kernel.length, setting).reduce(
        (sum, y, down) => sum + columns.reduce((part, x, across) => part + kernel[down]![across]! * (plane[y]?.[x] ?? 0), 0),
        0,
      )
    }),
  )
}
