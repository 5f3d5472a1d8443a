// Randomness with a seed: the same number in an address draws the same thing anywhere.

export type Chance = () => number

// mulberry32: 32 bits of state, uniform in 0..1.
export function seeded(seed: number): Chance {
  let state = (seed + 0x9e3779b9) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

// Box and Muller.
export function normal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

export function shuffled<T>(values: readonly T[], chance: Chance): T[] {
  const found = [...values]
  for (let last = found.length - 1; last > 0; last--) {
    const other = Math.floor(chance() * (last + 1))
    ;[found[last], found[other]] = [found[other]!, found[last]!]
  }
  return found
}
