import { expect, it } from 'vitest'
import { localLinks, pageAt, slugOf } from '../support/documents.ts'

/** A newcomer's first questions, and the section that README.md links to, which must contain a word of the answer. */
const questions: readonly (readonly [question: string, link: string, answered: RegExp])[] = [
  ['What happens if Redis loses a second?', 'docs/operations.md#if-redis-loses-a-second', /5 minutes/],
  ['What happens while NATS is away?', 'docs/operations.md#nats', /events wait in Redis/],
  ['What becomes of an account whose node is killed?', 'docs/crash-safety.md', /killed with `-9`/],
  ['What do I do at secret-expired?', 'docs/operations.md#tokenbussecretexpired', /tokenbus app secret add/],
  [
    'What do I do when an account is revoked?',
    'docs/errors.md#reason-grant_revoked',
    /ask the user to reconnect/,
  ],
  ['An API answers 401: what now?', 'docs/concepts.md#when-an-api-refuses-a-token', /`token\.reject`/],
  ['How do I add a provider?', 'docs/providers.md#any-other-provider', /`issuer`/],
  ['How long is a token good that I get?', 'docs/concepts.md#how-much-life-a-token-has', /`minValidity`/],
  ['How do I limit who reads which token?', 'docs/consumers.md#another-one', /tokenbus consumer create/],
  ['How do I back up and restore?', 'docs/operations.md#backup-and-restore', /BGSAVE/],
  ['How do I upgrade, and go back?', 'docs/operations.md#upgrade', /tokenbus upgrade finish/],
  ['How do I move from EmailEngine?', 'docs/migration.md#from-emailengine', /import emailengine/],
]

const readme = pageAt('README.md')

it.each(questions)('%s', (_, link, answered) => {
  expect(localLinks(readme)).toContain(link)
  expect(sectionAt(link)).toMatch(answered)
})

/** The text under a heading, or the table row that has the anchor. */
function sectionAt(link: string): string {
  const [path = '', anchor] = link.split('#')
  const { text } = pageAt(path)
  if (anchor === undefined) return text
  const lines = text.split('\n')
  const row = lines.find((line) => line.includes(`<a id="${anchor}">`))
  if (row !== undefined) return row
  const at = lines.findIndex((line) => /^#+ /.test(line) && slugOf(line.replace(/^#+ /, '')) === anchor)
  const isNext = new RegExp(`^#{1,${/^#*/.exec(lines[at] ?? '')?.[0].length}} `)
  const end = lines.findIndex((line, index) => index > at && isNext.test(line))
  return lines.slice(at, end === -1 ? undefined : end).join('\n')
}
