import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { accountDiagram } from '../support/account-chart.ts'

it('the README’s diagram equals the account machine', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, drawn] = /<!-- account-diagram -->\n([\s\S]*?)\n<!-- \/account-diagram -->/.exec(readme) ?? []
  expect(drawn).toBe(accountDiagram())
})
