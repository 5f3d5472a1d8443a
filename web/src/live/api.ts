// The live bench that a server may have beside the atlas: one queue, jobs that are watched by server-sent events. A static page has none and asks nothing.

import type { DrawnMap } from '../schema'

export interface Standing {
  event: 'waiting' | 'running' | 'progress' | 'frame' | 'done' | 'failed' | 'cancelled'
  id: string
  kind?: string
  ahead?: number
  stage?: string
  done?: number
  total?: number
  step?: number
  steps?: number
  picture?: string
  result?: unknown
  error?: string | null
}

export interface Dropped {
  id: string
  height: number
  width: number
}

export interface Looked {
  photograph: string
  height: number
  width: number
  predictions: { address: string; label: string; response: number }[]
  // Columns of the table `seen`; null stands for what is not a number.
  seen: Record<string, (string | number | null)[]>
}

export type Mapped = DrawnMap & { numbers: string }

export interface Pictured {
  address: string
  picture: string
  activation: number
  verdict: string
  sentence: string
  steps: number
  curve: (number | null)[]
}

export interface Offer {
  methods: string[]
  canvases: string[]
  presets: string[]
}

export class Refused extends Error {}

export function liveBase(): string | null {
  return document.querySelector('meta[name="optogram-live"]')?.getAttribute('content') ?? null
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(liveBase() + path, init)
  const told = (await answer.json().catch(() => ({}))) as T & { error?: string }
  if (!answer.ok) throw new Refused(told.error ?? `The server answered ${answer.status}.`)
  return told
}

export const offer = () => ask<Offer>('bench')
export const drop = (file: Blob) => ask<Dropped>('photographs', { method: 'POST', body: file })
export const begin = (wish: object) => ask<Standing>('jobs', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(wish) })
export const cancel = (job: string) => ask<Standing>(`jobs/${job}`, { method: 'DELETE' })
export const keepAnswer = (job: string) => ask<object>(`jobs/${job}/keep`, { method: 'POST' })
export const shownAt = (photograph: string) => `${liveBase()}photographs/${photograph}`

// Follows a job to its end; resolves with its last event. A broken line is taken up again by the browser, and how things stand is told first.
export function follow(job: string, told: (standing: Standing) => void): Promise<Standing> {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${liveBase()}jobs/${job}/events`)
    const end = (standing: Standing) => (source.close(), resolve(standing))
    for (const name of ['waiting', 'running', 'progress', 'frame', 'done', 'failed', 'cancelled'])
      source.addEventListener(name, (event) => {
        const standing = JSON.parse((event as MessageEvent<string>).data) as Standing
        told({ ...standing, event: name as Standing['event'] })
        if (name === 'done' || name === 'failed' || name === 'cancelled') end({ ...standing, event: name })
      })
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) reject(new Refused('The server is gone, or has forgotten this job.'))
    }
  })
}

// Columns as rows; what is not a number comes as null.
export function rowsOf<T>(columns: Record<string, (string | number | null)[]>): T[] {
  const names = Object.keys(columns)
  const count = columns[names[0] ?? '']?.length ?? 0
  return Array.from({ length: count }, (_, index) => Object.fromEntries(names.map((name) => [name, columns[name]![index] ?? NaN])) as T)
}

// What a job's standing says in words.
export function inWords(standing: Standing): string {
  switch (standing.event) {
    case 'waiting':
      return standing.ahead ? `${standing.ahead} before it` : 'next in the queue'
    case 'running':
      return 'begun'
    case 'progress':
      return `${standing.stage} ${standing.done} of ${standing.total}`
    case 'frame':
      return `step ${standing.step} of ${standing.steps}`
    case 'failed':
      return standing.error ?? 'it failed'
    default:
      return standing.event
  }
}
