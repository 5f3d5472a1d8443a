// Runs when the page has nothing else to do; what comes back calls it off.

export function idly(act: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const asked = requestIdleCallback(act, { timeout: 500 })
    return () => cancelIdleCallback(asked)
  }
  const asked = setTimeout(act, 100)
  return () => clearTimeout(asked)
}
