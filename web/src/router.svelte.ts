// Where the reader is. Going to another page pushes; a change of the view (sort, size, tick) replaces, and moves neither focus nor scroll.

import { getContext, setContext, tick } from 'svelte'

import { type Page, parseHash, type Route, toHash } from './address'

const KEY = Symbol('router')

export class Router {
  route = $state.raw<Route>(parseHash(location.hash))
  // The neighbours of the page shown, in the order the reader came in; the bar links to them.
  neighbours = $state.raw<{ before: Page; after: Page } | null>(null)

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
    history.replaceState({ y: window.scrollY }, '')
  }

  replace(page: Page, view: Record<string, string>): void {
    history.replaceState(history.state, '', toHash(page, view))
    this.route = parseHash(location.hash)
  }

  push(page: Page, view: Record<string, string> = {}): void {
    location.hash = toHash(page, view)
  }
}

export function useRouter(): Router {
  return getContext<Router>(KEY)
}
