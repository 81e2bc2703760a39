import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { answeredWords } from '../../src/contract/failure-words.ts'
import { explainReason, reasons } from '../../src/contract/reasons.ts'
import { meaningOfError, meaningOfNumber, meaningOfSuberror } from '../../src/provider/error-classes.ts'
import { pageAt, rootFile } from '../support/documents.ts'
import { withErrors } from '../support/errors-page.ts'

const page = pageAt('docs/errors.md')

it('docs/errors.md is up to date with the catalogue (npm run errors-page)', () => {
  expect(page.text).toBe(withErrors(page.text))
})

it('has an anchor for every failure and every reason', () => {
  const anchors = [...Object.keys(answeredWords), ...Object.keys(reasons).map((reason) => `reason-${reason}`)]
  expect(anchors.filter((anchor) => !page.anchors.has(anchor))).toEqual([])
})

it('every error code of a provider maps to a reason and an action of the catalogue', () => {
  const tables = [meaningOfError, meaningOfSuberror, meaningOfNumber(''), meaningOfNumber('OAuthException')]
  const rows = tables
    .flatMap((table) => [...table.values()])
    .flatMap((row) => [row, row.ifWorkedBefore ?? row])
  expect(rows.length).toBeGreaterThan(100)
  for (const { reason, action } of rows) {
    const { more = {}, ...known }: { action: string; more?: object } = reasons[reason]
    expect([known.action, ...Object.values(more)], reason).toContain(action)
  }
})

it('an action with a placeholder is never used without its value', () => {
  const files = readdirSync(rootFile('src'), { recursive: true, encoding: 'utf8' })
  const code = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(rootFile(`src/${file}`), 'utf8'))
  const uses = [...code.join('\n').matchAll(/(withValues\(\s*)?causedBy\('(\w+)', '(\w+)'\)/g)]
  const needsValue = uses.filter(([, , reason = '', more = '']) => {
    const { more: actions = {} } = explainReason(reason) ?? {}
    return actions[more]?.includes('{')
  })
  expect(needsValue.map(([, , , more]) => more).sort()).toEqual([
    'noEndpoint',
    'otherIssuer',
    'problem',
    'settings',
  ])
  expect(needsValue.filter(([, filled]) => filled === undefined)).toEqual([])
})
