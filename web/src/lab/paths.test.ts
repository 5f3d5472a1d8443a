import { expect, it } from 'vitest'

import expected from './expected.json'
import { derivative, paths, RULES, values } from './paths'

it('computes the greater and the lesser', () => {
  for (const [x1, x2] of [[0.8, 0.4], [0.1, 0.9], [0.5, 0.5]] as const) {
    const at = values(x1, x2)
    expect(at.max).toBeCloseTo(Math.max(x1, x2), 12)
    expect(at.min).toBeCloseTo(Math.min(x1, x2), 12)
  }
})

it('sums paths to the derivatives that Python has written out, by every rule', () => {
  for (const { x, rules } of expected.noise.written) {
    const at = values(x[0]!, x[1]!)
    for (const output of ['max', 'min'] as const)
      for (const rule of RULES) expect([derivative(rule, 'x1', output, at), derivative(rule, 'x2', output, at)]).toEqual(rules[output][rule])
  }
})

it('has a gradient that agrees with differences', () => {
  const [x1, x2, step] = [0.7, 0.3, 1e-6]
  for (const output of ['max', 'min'] as const) {
    expect(derivative('gradient', 'x1', output, values(x1, x2))).toBeCloseTo((values(x1 + step, x2)[output] - values(x1, x2)[output]) / step, 5)
    expect(derivative('gradient', 'x2', output, values(x1, x2))).toBeCloseTo((values(x1, x2 + step)[output] - values(x1, x2)[output]) / step, 5)
  }
})

it('knows both paths from the second pixel to the greater', () => {
  expect(paths('x2', 'max', values(0.8, 0.4)).map((path) => [path.weight, path.open])).toEqual([[-1, true], [1, true]])
})
