import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentedShell } from '../support/documented-shell.ts'
import { blocks, rootFile } from '../support/documents.ts'
import { isInstalled } from '../support/installed.ts'
import { readDevFile, startTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'

/** Blocks that are not run here, and why: their tokenbus commands are parsed, without a server. */
const onlyParsed: Readonly<Record<string, string>> = {
  'docs/migration.md#from-emailengine 1': "needs EmailEngine's Redis; test/blackbox/import.test.ts has one",
  'docs/providers.md#verify-an-app 1': 'asks Google',
}

let directory: string
let dev: TokenbusProcess
let shell: ReturnType<typeof documentedShell>
let env: Record<string, string>
let here: (code: string) => string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-documented-'))
  dev = startTokenbus(['dev'], { TOKENBUS_DATA_DIR: join(directory, '.tokenbus'), TOKENBUS_HTTP_PORT: '0' })
  await dev.says('tokenbus ready')
  shell = documentedShell(directory)
  const { http, sandbox, nats, adminToken } = await readDevFile(join(directory, '.tokenbus'))
  env = { NATS_URL: nats, API_TOKEN: adminToken, SECRET: 'a-client-secret', EENGINE_SECRET: 'a-secret' }
  here = (code) =>
    code
      .replaceAll('http://127.0.0.1:7070', http)
      .replaceAll('http://127.0.0.1:7071', sandbox)
      .replaceAll('…', 'abc')
})
afterAll(async () => {
  await dev.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Of the repository itself: what they run are the tests, and the whole of it. */
const ofContributors = ({ name }: { name: string }) => name.startsWith('CONTRIBUTING.md#')
const ofShell = blocks.filter((block) => block.language === 'sh' && !ofContributors(block))
const named = ({ name }: { name: string }) => name in onlyParsed

describe('documented commands', () => {
  const able = ({ code }: { code: string }) => isInstalled('curl') || !/\bcurl /.test(code)

  it.skip.each(ofShell.filter((block) => !able(block)))('$name: skipped, curl is not installed', () => {})
  it.each(ofShell.filter((block) => !named(block) && able(block)))(
    '$name: run unchanged',
    async ({ code }) => {
      const { code: exit, output } = await shell(here(code), env)
      expect(exit, output).toBe(0)
    },
  )

  it.each(ofShell.filter(named))('$name: are parsed completely', async ({ code }) => {
    for (const line of code.replaceAll('\\\n', '').trim().split('\n')) {
      const { code: exit, output } = await shell(here(line), {
        ...env,
        TOKENBUS_NATS_URL: 'nats://127.0.0.1:1',
      })
      expect(exit, output).toBe(3)
    }
  })

  it('exist, if some are only parsed', () => {
    expect(ofShell.filter(named).map(({ name }) => name)).toEqual(Object.keys(onlyParsed).sort())
  })
})

describe('documented programs', () => {
  const programs = blocks.filter(
    ({ language, code }) => language === 'ts' && code.includes("'demo'") && code.includes('connectTokens('),
  )

  it.each(programs)('$name: runs unchanged', async ({ code }) => {
    const folder = await mkdtemp(rootFile('dist/documented-'))
    const file = join(folder, 'program.mjs')
    await writeFile(file, `${here(code)}\nawait tokens.close()\n`)
    const { code: exit, output } = await shell(`"${process.execPath}" "${file}"`, env)
    await rm(folder, { recursive: true })
    expect(output).not.toMatch(/unreachable|not_permitted/)
    expect(exit, output).toBe(0)
  })
})

describe('documented output', () => {
  const consoles = blocks.filter(({ language }) => language === 'console')

  it.each(consoles)('$name: is what the commands print', async ({ code }) => {
    for (const [, command = '', expected = ''] of code.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const { output } = await shell(here(command), env)
      expect(withoutChance(output), command).toBe(withoutChance(expected))
    }
  })
})

/** Without tokens, times and numbers, which differ from run to run. */
function withoutChance(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/^(accessToken\s+)\S+$/gm, '$1<token>')
    .replace(/^(generation|version)(\s+)\d+$/gm, '$1$2<n>')
}
