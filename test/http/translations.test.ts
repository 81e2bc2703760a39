import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { languageFiles, preferredLanguage, translator } from '../../src/http/translations.ts'

const sentences = new Map([...languageFiles].map(([code, text]) => [code, JSON.parse(text)]))
const english = sentences.get('en')
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()

describe('the languages of the pages', () => {
  it('are eight languages', () => {
    expect([...languageFiles.keys()].sort()).toEqual(['de', 'en', 'es', 'fr', 'pl', 'pt', 'ru', 'uk'])
  })

  it.each([...sentences])('%s has the same keys as English', (_, own) => {
    expect(Object.keys(own).sort()).toEqual(Object.keys(english).sort())
  })

  it.each([...sentences])('%s has the same placeholders as English', (_, own) => {
    for (const [key, text] of Object.entries<string>(english)) {
      expect(own[key], key).not.toBe('')
      expect(placeholders(own[key]), key).toEqual(placeholders(text))
    }
  })
})

it('every text that the page uses exists', () => {
  const folder = new URL('../../src/http/page/', import.meta.url)
  const texts = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'))
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?<![\w.])t\('([\w:.-]+)'|data-t(?:-label)?="([^"]+)"/g)].map(
      ([, one, other]) => one ?? other,
    ),
  )
  expect(named.length).toBeGreaterThan(100)
  expect(named.filter((key) => english[`page.${key}`] === undefined)).toEqual([])
})

describe('the browser’s language', () => {
  it.each([
    ['pt-BR,pt;q=0.9,en;q=0.8', 'pt'],
    ['nl, de;q=0.5, fr;q=0.7', 'fr'],
    ['UK', 'uk'],
    ['de;q=0, ru;q=0.1', 'ru'],
    ['*', 'en'],
    ['', 'en'],
    [undefined, 'en'],
  ])('of %s is %s', (accepted, language) => {
    expect(preferredLanguage(accepted)).toBe(language)
  })

  it('replaces named placeholders, and leaves others', () => {
    const say = translator('de')
    expect(say('consent.missing_scopes.text', { details: '<mail>' })).toContain('<mail>')
    expect(say('no.such.key')).toBe('no.such.key')
  })
})
