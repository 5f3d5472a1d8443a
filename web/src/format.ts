// Figures as the atlas prints them: three significant digits, no exponent where it can be read without, tabular.

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const rounded = Number(value.toPrecision(3))
  const size = Math.abs(rounded)
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? rounded.toExponential() : String(rounded)
  return text.replace('-', '−')
}

// Where room is short: two significant digits, and no nought before the point.
export function brief(value: number): string {
  return number(Number(value.toPrecision(2))).replace(/^(−?)0\./, '$1.')
}

// A probability as papers print it: `.031`, never finer than three digits, `<.001` below.
export function probability(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (value < 0.001) return '<.001'
  return value.toFixed(value < 0.1 ? 3 : 2).replace(/^0/, '')
}

export function percent(share: number): string {
  const value = 100 * share
  return value > 0 && value < 1 ? '<1 %' : `${value.toFixed(value < 10 && value % 1 ? 1 : 0)} %`
}

// What Python prints of a picture, in columns, as one sentence.
export function inOneLine(told: string): string {
  return told.split(/ {3,}/).join(', ')
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}
