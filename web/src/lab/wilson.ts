// A share with its 95 % interval by Wilson's formula, which stays within 0 and 1 and moves from neither end.

const Z = 1.959963984540054

export function wilson(hits: number, count: number): { low: number; high: number } {
  if (count === 0) return { low: 0, high: 1 }
  const [share, square] = [hits / count, Z * Z]
  const middle = (share + square / (2 * count)) / (1 + square / count)
  const reach = (Z / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count * count))
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) }
}
