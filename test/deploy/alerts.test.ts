import { execFile, execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

interface Rule {
  readonly alert: string
  readonly annotations: { readonly runbook: string }
}

function installed(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function rulesOf(): Promise<Rule[]> {
  const { groups } = parse(await readFile(at('ops/alerts.yml'), 'utf8'))
  return groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
}

it('every alert links a paragraph of the runbook', async () => {
  const rules = await rulesOf()
  const headings = [...(await readFile(at('docs/operations.md'), 'utf8')).matchAll(/^### (\w+)$/gm)]
  const paragraphs = headings.map(([, heading = '']) => `docs/operations.md#${heading.toLowerCase()}`)
  expect(rules.length).toBeGreaterThan(15)
  for (const { alert, annotations } of rules) {
    expect([alert, annotations.runbook]).toEqual([alert, `docs/operations.md#${alert.toLowerCase()}`])
    expect(paragraphs).toContain(annotations.runbook)
  }
})

it('every alert fires in the tests of the rules', async () => {
  const tests = await readFile(at('ops/alerts.test.yml'), 'utf8')
  for (const { alert } of await rulesOf()) expect(tests).toContain(`alertname="${alert}"`)
})

describe.skipIf(!installed('promtool'))('promtool (of the Debian package prometheus)', () => {
  it.each([
    ['check', 'ops/alerts.yml'],
    ['test', 'ops/alerts.test.yml'],
  ])('%s rules %s', async (verb, path) => {
    const { stdout } = await promisify(execFile)('promtool', [verb, 'rules', at(path)])
    expect(stdout).toContain('SUCCESS')
  })
})
