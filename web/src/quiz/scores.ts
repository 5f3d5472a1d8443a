// Scores stay in this browser, and go where their reader exports them.

import type { Answer } from './trials'

const KEY = 'optogram.quiz'

export function kept(): Answer[] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]') as Answer[]
  } catch {
    return []
  }
}

export function keep(answers: Answer[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(answers))
  } catch {
    // Storage may be forbidden; then scores last as long as the page.
  }
}

export function download(name: string, type: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
