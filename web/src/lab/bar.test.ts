import { expect, it } from 'vitest'

import { bar, cells, circularVariance, grating, halfWidth, meanOrientation, modulation, rate } from './bar'
import expected from './expected.json'

const { units, offsets, bars, gratings, variance, orientation, half_width, blank, best } = expected.tuning
const all = cells()
const angles = Array.from({ length: 12 }, (_, index) => 15 * index)
const near = (found: number, wanted: number) => expect(Math.abs(found - wanted)).toBeLessThan(1e-3 * Math.max(1, Math.abs(wanted)))

it('answers bars as the network does', () => {
  angles.forEach((angle, row) =>
    offsets.forEach((offset, column) => {
      const shown = bar({ orientation: angle, width: 2, length: 11, offset, contrast: 1 })
      units.forEach((unit, index) => near(rate(all[unit]!, shown), bars[row]![column]![index]!))
    }),
  )
})

it('sums curves up as Python does', () => {
  units.forEach((unit, index) => {
    const curve = angles.map((angle) => Math.max(...offsets.map((offset) => rate(all[unit]!, bar({ orientation: angle, width: 2, length: 11, offset, contrast: 1 })))))
    near(circularVariance(curve, angles), variance[index]!)
    near(meanOrientation(curve, angles), orientation[index]!)
    near(halfWidth(curve), half_width[index]!)
  })
})

it('answers gratings and finds F1/F0 as Python does', () => {
  const phases = Array.from({ length: 12 }, (_, index) => (index * Math.PI) / 6)
  units.forEach((unit, index) => {
    const drift = phases.map((phase) => rate(all[unit]!, grating(angles[best[index]!]!, 0.2, phase)))
    drift.forEach((value, phase) => near(value, gratings[best[index]!]![phase]![index]!))
    const wanted = expected.tuning.modulation[index] as number | null
    const found = modulation(drift, blank[index]!)
    if (wanted === null || !Number.isFinite(wanted)) expect(Number.isFinite(found)).toBe(false)
    else near(found, wanted)
  })
})

it('knows closed forms', () => {
  const cosine = angles.map((angle) => 1 + Math.cos((2 * (angle - 30) * Math.PI) / 180))
  expect(circularVariance(cosine, angles)).toBeCloseTo(0.5, 10)
  expect(meanOrientation(cosine, angles)).toBeCloseTo(30, 8)
  expect(halfWidth(cosine)).toBeCloseTo(45, 6)
  const wave = Array.from({ length: 48 }, (_, phase) => Math.max(0, Math.sin((2 * Math.PI * phase) / 48)))
  expect(modulation(wave, 0)).toBeCloseTo(Math.PI / 2, 2)
})
