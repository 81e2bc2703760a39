import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** Texts by key, with `{name}` placeholders. */
type Sentences = Readonly<Record<string, string>>
export type Translate = (key: string, values?: Readonly<Record<string, string>>) => string

const folder = new URL('./languages/', import.meta.url)
const usual = 'en'

/** One file per language, named by its ISO 639-1 code. */
export const languageFiles: ReadonlyMap<string, string> = new Map(
  readdirSync(folder).map((file) => [basename(file, '.json'), readFileSync(new URL(file, folder), 'utf8')]),
)
const languages = new Map(
  [...languageFiles].map(([code, text]) => [code, JSON.parse(text) as Sentences] as const),
)

/** The browser's preferred language among ours (RFC 9110 §12.5.4); English by default. */
export function preferredLanguage(acceptLanguage = ''): string {
  const wanted = acceptLanguage
    .slice(0, 512)
    .split(',')
    .map((each) => {
      const [tag = '', ...parameters] = each.trim().toLowerCase().split(';')
      const quality = parameters.map((text) => /^\s*q=([\d.]+)$/.exec(text)?.[1]).find(Boolean)
      return { code: tag.split('-')[0] as string, quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter(({ code, quality }) => quality > 0 && languages.has(code))
  // Stable, so the first of equal weight wins.
  return wanted.sort((a, b) => b.quality - a.quality)[0]?.code ?? usual
}

/** Missing texts are taken from English. */
export function translator(language: string): Translate {
  const sentences = languages.get(language)
  return (key, values = {}) => {
    const sentence = sentences?.[key] ?? languages.get(usual)?.[key] ?? key
    return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  }
}
