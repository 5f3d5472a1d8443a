// Where the reader is. Going to another page pushes; a change of the view (sort, size, tick) replaces, and moves neither focus nor scroll.

import { getContext, setContext, tick } from 'svelte'

import { type Page, parseHash, type Route, toHash } from './address'

const KEY = Symbol('router')

export class Router {
  route = $state.raw<Route>(parseHash(location.hash))
  // The neighbours of the page shown, in the order the reader came in; the bar links to them.
  neighbours = $state.raw<{ before: Page; after: Page } | null>(null)

  // A unit held for comparison, as one side of it.
  held = $state.raw<string | null>(null)

  constructor() {
    history.scrollRestoration = 'manual'
    setContext(KEY, this)
  }

  async follow(): Promise<void> {
    const place = (history.state as { y?: number } | null)?.y ?? 0
    this.route = parseHash(location.hash)
    await tick()
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
    // A page built from tables that are held already is whole in the next frame; one that must be fetched starts at its top.
    requestAnimationFrame(() => window.scrollTo(0, place))
  }

  keepScroll(): void {
    keep({ ...(history.state as object | null), y: window.scrollY }, location.hash)
  }

  replace(page: Page, view: Record<string, string>): void {
    keep(history.state, toHash(page, view))
    this.route = parseHash(location.hash)
  }

  push(page: Page, view: Record<string, string> = {}): void {
    this.keepScroll()
    location.hash = toHash(page, view)
  }
}

// Inside a notebook's frame a relative address would be the notebook's: the frame's own is written out.
export function keep(state: unknown, hash: string): void {
  history.replaceState(state, '', location.href.split('#')[0] + hash)
}

export function useRouter(): Router {
  return getContext<Router>(KEY)
}
