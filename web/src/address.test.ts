import { describe, expect, it } from 'vitest'

import { escapeName, networksOf, parseHash, splitAddress, toHash, unescapeName } from './address'

describe('names in addresses', () => {
  it.each(['layer4.1.conv2', 'relu#1', 'a/b c', 'Größe ☃', '~7E', 'blocks,0@x:y', '100%', 'a?b&c=d'])('%s comes back', (name) => {
    const escaped = escapeName(name)
    expect(escaped).toMatch(/^[A-Za-z0-9_.:@,~-]*$/)
    expect(unescapeName(escaped)).toBe(name)
  })

  it('writes what VIEWER says', () => expect(escapeName('relu#1')).toBe('relu~231'))
})

describe('hash routes', () => {
  it('reads every page', () => {
    expect(parseHash('').page).toEqual({ kind: 'atlas' })
    expect(parseHash('#/').page).toEqual({ kind: 'atlas' })
    expect(parseHash('#/-/about').page).toEqual({ kind: 'about' })
    expect(parseHash('#/-/labs').page).toEqual({ kind: 'labs', lab: null })
    expect(parseHash('#/-/labs/folding?at=2')).toEqual({ page: { kind: 'labs', lab: 'folding' }, view: { at: '2' } })
    expect(parseHash('#/-/labs/saved/motifs_1d').page).toEqual({ kind: 'saved', lab: 'motifs_1d' })
    expect(toHash({ kind: 'saved', lab: 'motifs_1d' })).toBe('#/-/labs/saved/motifs_1d')
    expect(parseHash('#/-/labs/folding/more').page.kind).toBe('unknown')
    for (const kind of ['quiz', 'hypothesis', 'bench', 'compare']) expect(parseHash(`#/-/${kind}`).page).toEqual({ kind })
    expect(parseHash('#/-/quiz/more').page.kind).toBe('unknown')
    expect(parseHash('#/net').page).toEqual({ kind: 'network', network: 'net' })
    expect(parseHash('#/net:twin3/layer1').page).toEqual({ kind: 'site', network: 'net:twin3', site: 'layer1' })
    expect(parseHash('#/net/fc/tabby').page).toEqual({ kind: 'unit', network: 'net', site: 'fc', unit: 'tabby' })
    expect(parseHash('#/net/-/photo/a~2Fb.jpg').page).toEqual({ kind: 'photo', network: 'net', photo: 'a/b.jpg' })
    expect(parseHash('#/net/a/b/c').page.kind).toBe('unknown')
    expect(parseHash('#/-/nothing').page.kind).toBe('unknown')
  })

  it('a site may be called photo', () => expect(parseHash('#/net/photo/3').page).toEqual({ kind: 'unit', network: 'net', site: 'photo', unit: '3' }))

  it('goes there and back with its view, defaults left out, in a fixed order', () => {
    const page = { kind: 'unit' as const, network: 'net', site: 'relu#1', unit: 'great white shark' }
    const hash = toHash(page, { sort: 'effect', show: '', a: '1' })
    expect(hash).toBe('#/net/relu~231/great~20white~20shark?a=1&sort=effect')
    expect(parseHash(hash)).toEqual({ page, view: { a: '1', sort: 'effect' } })
  })
})

it('splits addresses as they are written elsewhere', () => {
  expect(splitAddress('layer4')).toEqual({ site: 'layer4', unit: null })
  expect(splitAddress('fc:"sea lion"')).toEqual({ site: 'fc', unit: 'sea lion' })
})

it.each([
  ['#/net/conv1/3?w=8f2c', ['net']],
  ['#/-/compare?a=net%2Fconv1%2F0&b=net:twin0%2Fconv1%2F0', ['net', 'net:twin0']],
  ['#/-/compare?a=net%2Fconv1%2F0&b=net%2Fconv1%2F1', ['net']],
  ['#/-/hypothesis?of=net%2Fconv1%2F0', ['net']],
  ['#/-/quiz?network=net:twin0', ['net:twin0']],
  ['#/-/labs', []],
])('%s is about %s', (hash, names) => expect(networksOf(parseHash(hash))).toEqual(names))
