import { at } from './api.js'

const usual = 'en'
const known = ['en', 'de', 'fr', 'es', 'pt', 'pl', 'uk', 'ru']
const wanted = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0])
const language = wanted.find((code) => known.includes(code)) ?? usual

const load = async (code) => (await fetch(at(`/assets/languages/${code}.json`))).json()
const [english, own] = await Promise.all([load(usual), language === usual ? {} : load(language)])

/** A text of the page, with `{name}` placeholders filled in. */
export function t(key, values = {}) {
  const sentence = own[`page.${key}`] ?? english[`page.${key}`] ?? key
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

/** Values without a text, such as unknown codes, are shown unchanged. */
export const word = (group, text) =>
  english[`page.${group}.${text}`] === undefined ? text : t(`${group}.${text}`)

export const number = (value) => value.toLocaleString(navigator.languages[0])

/** Translates the static parts of the page. */
export function translatePage() {
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t)
  for (const element of document.querySelectorAll('[data-t-label]'))
    element.setAttribute('aria-label', t(element.dataset.tLabel))
}
