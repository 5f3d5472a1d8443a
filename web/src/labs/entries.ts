// What the list of labs shows of each: those that compute in the page, and results that were saved beside the atlas.

import { toHash } from '../address'
import { pictureAt, type Saved } from './saved'

export interface Entry {
  href: string
  title: string
  text: string
  picture?: string
  // A drawing of the idea in 96 by 60: gray areas and thin lines.
  sketch?: { area: string; line: string }
}

// In the order in which the ideas build on each other.
export const TOLD = {
  folding: { title: 'How layers fold space', text: 'Four layers of two rectifiers fold the plane; its pieces are counted exactly.' },
  convolution: { title: 'Convolution by hand', text: 'A kernel slides over a row of pixels and over a photograph: every product, every sum, and the size of what comes out.' },
  templates: { title: 'One template per class', text: 'A picture is named by the template with which its dot product is greatest. Draw your own digit.' },
  noise: { title: 'Why the gradient is noisy', text: 'A network that computes the greater of two pixels, and every path through it: most cancel.' },
  tuning: { title: 'Tuning, with a bar in your hand', text: 'Hubel and Wiesel’s experiment on a filter of a real network: turn the bar and watch it answer.' },
}

export type Name = keyof typeof TOLD

const SKETCHES: Record<Name, { area: string; line: string }> = {
  folding: { area: 'M46.5 27.8L92 4V52L54.4 39.2Z', line: 'M4 50L92 4M30 4L66 56M4 22L92 52' },
  convolution: { area: 'M6 44h6v6h-6z M13 44h6v6h-6z M20 45h6v5h-6z M27 42h6v8h-6z M34 44h6v6h-6z M41 43h6v7h-6z M48 26h6v24h-6z M55 28h6v22h-6z M62 16h6v34h-6z M69 17h6v33h-6z M76 16h6v34h-6z M83 17h6v33h-6z', line: 'M40 8h28v44h-28zM4 50h88' },
  templates: { area: 'M33 1h7.5v7.25h-7.5z M40.5 1h7.5v7.25h-7.5z M48 1h7.5v7.25h-7.5z M55.5 1h7.5v7.25h-7.5z M25.5 8.25h7.5v7.25h-7.5z M63 8.25h7.5v7.25h-7.5z M63 15.5h7.5v7.25h-7.5z M40.5 22.75h7.5v7.25h-7.5z M48 22.75h7.5v7.25h-7.5z M55.5 22.75h7.5v7.25h-7.5z M63 30h7.5v7.25h-7.5z M63 37.25h7.5v7.25h-7.5z M25.5 44.5h7.5v7.25h-7.5z M63 44.5h7.5v7.25h-7.5z M33 51.75h7.5v7.25h-7.5z M40.5 51.75h7.5v7.25h-7.5z M48 51.75h7.5v7.25h-7.5z M55.5 51.75h7.5v7.25h-7.5z', line: 'M18 1h60v58h-60z' },
  noise: { area: 'M8 18a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M8 44a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M34 18a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M34 44a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M58 8a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M58 30a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M58 52a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M82 20a4 4 0 1 0 8 0a4 4 0 1 0 -8 0 M82 42a4 4 0 1 0 8 0a4 4 0 1 0 -8 0', line: 'M16.5 18.0L33.5 18.0M16.5 44.0L33.5 44.0M42.2 16.3L57.8 9.7M42.0 20.0L58.0 28.0M41.9 41.7L58.1 32.3M42.3 45.4L57.7 50.6M66.0 10.0L82.0 18.0M66.2 28.3L81.8 21.7M66.0 32.0L82.0 40.0M66.2 50.3L81.8 43.7' },
  tuning: { area: 'M8 40L34 8L40 13L14 45Z', line: 'M44 50h48M44 50C58 50 60 10 68 10S78 50 92 50' },
}

export function computed(): Entry[] {
  return (Object.keys(TOLD) as Name[]).map((name) => ({ ...TOLD[name], href: toHash({ kind: 'labs', lab: name }), sketch: SKETCHES[name] }))
}

export function kept(saved: Saved[]): Entry[] {
  return saved.map((one) => ({
    href: toHash({ kind: 'saved', lab: one.name }),
    title: one.name.replaceAll('_', ' '),
    text: [one.title, one.findings[0]?.sentence].filter(Boolean).join(' '),
    ...(one.pictures[0] ? { picture: pictureAt(one.pictures[0]) } : {}),
  }))
}
