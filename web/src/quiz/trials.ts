// Which of two photographs drives the unit more? The two-image task (Borowski et al. 2021): references of one half of the photographs, queries of the
// other. In some trials the references are secretly another unit's: whoever does as well with those did not learn from the references.

import { type HalfRow, REFERENCES } from '../data/tables'
import { type Chance, shuffled } from '../lab/chance'

export type Condition = 'natural' | 'synthesised' | 'none'

export interface Trial {
  unit: number
  // Whose references are shown; another unit's in a control trial.
  shown: number
  condition: Condition
  strong: HalfRow
  weak: HalfRow
  references: { strong: HalfRow[]; weak: HalfRow[] }
  // Whether the strong query stands first.
  first: boolean
}

export interface Answer {
  weights: string
  address: string
  references: string
  condition: Condition
  control: boolean
  strong: string
  weak: string
  right: boolean
  seconds: number
}

// One trial in so many has another unit's references.
export const CONTROL = 4

const of = (rows: HalfRow[], kind: HalfRow['kind'], fold: number) => rows.filter((row) => row.kind === kind && row.fold === fold).sort((a, b) => a.rank - b.rank)

// Whether a unit has what a trial needs: of one half a strongest and a weakest photograph, of the other references.
export function folds(rows: HalfRow[]): number[] {
  return [0, 1].filter((fold) => (['top', 'bottom'] as const).every((kind) => of(rows, kind, fold).length > 0 && of(rows, kind, 1 - fold).length > 0))
}

export function trial(unit: number, own: HalfRow[], other: { unit: number; rows: HalfRow[] } | null, condition: Condition, chance: Chance): Trial | null {
  const possible = folds(own)
  const asked = possible[Math.floor(chance() * possible.length)]
  if (asked === undefined) return null
  const pick = (kind: 'top' | 'bottom') => {
    const among = of(own, kind, asked)
    return among[Math.floor(chance() * among.length)]!
  }
  const [strong, weak] = [pick('top'), pick('bottom')]
  const apart = (rows: HalfRow[]) => rows.filter((row) => row.photo !== strong.photo && row.photo !== weak.photo).slice(0, REFERENCES)
  const shown = other?.rows ?? own
  return {
    unit,
    shown: other?.unit ?? unit,
    condition,
    strong,
    weak,
    references: { strong: apart(of(shown, 'top', 1 - asked)), weak: apart(of(shown, 'bottom', 1 - asked)) },
    first: chance() < 0.5,
  }
}

// Units in random order, each asked once; which of them are controls, and whose references those show.
export function plan(units: number[], count: number, chance: Chance): { unit: number; other: number | null }[] {
  const order = shuffled(units, chance).slice(0, count)
  return order.map((unit, index) => {
    const strangers = units.filter((one) => one !== unit)
    const control = index % CONTROL === CONTROL - 1 && strangers.length > 0
    return { unit, other: control ? strangers[Math.floor(chance() * strangers.length)]! : null }
  })
}

export function csv(answers: Answer[]): string {
  const names: (keyof Answer)[] = ['weights', 'address', 'references', 'condition', 'control', 'strong', 'weak', 'right', 'seconds']
  const quoted = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`
  return [names.join(','), ...answers.map((answer) => names.map((name) => quoted(answer[name])).join(','))].join('\n') + '\n'
}
