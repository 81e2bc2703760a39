import { type ConsentProblem, problemOf, problems } from '../../src/consent/problems.ts'
import { appReasons } from '../../src/contract/app-reasons.ts'
import { answeredWords } from '../../src/contract/failure-words.ts'
import { grantReasons } from '../../src/contract/grant-reasons.ts'
import { reasons } from '../../src/contract/reasons.ts'
import { transientReasons } from '../../src/contract/transient-reasons.ts'

const parts: Readonly<Record<string, () => string>> = {
  failures: () => tableOf(['number', 'word', 'when', 'what to do'], byStatus()),
  'reasons of grants': () =>
    reasonTable({
      ...grantReasons,
      ...ofMachine([
        'no_refresh_token',
        'refresh_interrupted',
        'token_rejected',
        'testing_mode_expired',
        'inactive',
        'consent_expired',
      ]),
    }),
  'reasons of apps': () => reasonTable({ ...ofMachine(['client_rejected']), ...appReasons }),
  consents: () =>
    tableOf(
      ['`error`', '`error_description`', 'provider error', 'responsible', 'page'],
      Object.entries(problems).map(consentRow),
    ),
  'transient reasons': () =>
    reasonTable({ ...transientReasons, ...ofMachine(['internal_error', 'scopes_cut']) }),
}

/** The page with the catalogue of today between its marks. */
export function withErrors(page: string): string {
  return Object.entries(parts).reduce((text, [name, write]) => {
    const [begin, end] = [`<!-- npm run errors-page: ${name} -->`, `<!-- end: ${name} -->`]
    const [before = '', rest = ''] = text.split(begin)
    const [, after = ''] = rest.split(end)
    return `${before}${begin}\n${write()}\n${end}${after}`
  }, page)
}

function consentRow([word]: readonly [string, unknown]): string[] {
  const {
    description,
    words = [],
    codes = [],
    reasons: meant = [],
    blame,
    title,
    status,
  } = problemOf(word as ConsentProblem)
  const said = [...words, ...codes].map((each) => `\`${each}\``)
  const whole = [...said, ...meant.map((reason) => `[\`${reason}\`](#reason-${reason})`)].join(' ')
  return [
    `<a id="consent-${word}"></a>\`${word}\``,
    description,
    whole,
    blame,
    `${status}, \`consent.${title ?? word}.title\``,
  ]
}

function ofMachine(names: readonly (keyof typeof reasons)[]) {
  return Object.fromEntries(names.map((name) => [name, reasons[name]]))
}

interface Text {
  readonly means: string
  readonly action: string
  readonly more?: Readonly<Record<string, string>>
}

function byStatus(): string[][] {
  return Object.entries(answeredWords)
    .sort(([, one], [, other]) => one.status - other.status)
    .map(([word, { status, means, action }]) => [
      String(status),
      `<a id="${word}"></a>\`${word}\``,
      means,
      action,
    ])
}

function reasonTable(texts: Readonly<Record<string, Text>>): string {
  const rows = Object.entries(texts).map(([name, { means, action, more = {} }]) => [
    `<a id="reason-${name}"></a>\`${name}\``,
    means,
    [action, ...Object.values(more)].join(' · '),
  ])
  return tableOf(['reason', 'means', 'action'], rows)
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
