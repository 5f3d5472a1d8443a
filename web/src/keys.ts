// Every key the viewer listens to, and when it does not listen: while typing, with a modifier held, and when switched off.

export const KEYS: [string, string][] = [
  ['j, k', 'next and previous unit, in the order you came in'],
  ['1 to 7', 'photographs from the weakest to the strongest'],
  ['x', 'patches or whole photographs'],
  ['a', 'attribution maps on the strongest patches, on or off'],
  ['e', 'to the evidence'],
  ['t', 'the unit of the same rank by evidence in the untrained twin, and back (its units do not correspond)'],
  ['c', 'hold this unit; on a second one, compare the two'],
  ['arrows, Home, End, Enter', 'move over a grid, open a unit'],
  ['Space', 'select a unit of a grid'],
  ['1, 2, n', 'in the quiz: the first, the second, the next trial'],
  ['/', 'find an address, a class or a photograph'],
  ['Escape', 'leave the search or this help'],
  ['?', 'this help'],
]

const OFF = 'optogram.keys'

export function keysOn(): boolean {
  try {
    return localStorage.getItem(OFF) !== 'off'
  } catch {
    return true
  }
}

export function switchKeys(on: boolean): void {
  try {
    localStorage.setItem(OFF, on ? 'on' : 'off')
  } catch {
    // Storage may be forbidden; then keys stay on.
  }
}

export function listens(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return false
  return keysOn()
}
