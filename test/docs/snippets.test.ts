import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { blockNamed, blocks, rootFile } from '../support/documents.ts'

/** Beside `sh` and `console` (commands.test.ts) and TypeScript (there and below): who reads a block, or why nobody can. */
const elsewhere: Readonly<Record<string, string>> = {
  'CONTRIBUTING.md#your-first-change 3': 'lines to add to a file',
  'README.md#the-life-of-one-account 1': 'test/machines/diagram.test.ts: is drawn from the machine',
  'README.md#tokenbus 1': 'a picture',
  'docs/consumers.md#reading-events 2': 'the package is not installed here; its syntax is checked below',
  'docs/consumers.md#reading-events 3': 'the package is not installed here; gofmt reads it below',
  'docs/consumers.md#reading-events 4': 'the library is not installed here',
  'docs/operations.md#reverse-proxy 1': 'test/http/page-behind-nginx.test.ts: nginx runs with it',
  'docs/operations.md#redis 1': 'test/engines/redis-cluster.test.ts: the user has these rights alone',
  'docs/providers.md#providers-of-your-own 1': 'below: is a catalogue of its own',
  'docs/testing.md#a-rule-of-the-accounts-life 1': 'test/testing/documented.test.ts: runs',
  'docs/testing.md#a-handler-of-your-own 1': 'test/testing/documented.test.ts: runs',
  'docs/testing.md#what-happened-in-production-on-the-version-you-are-about-to-install 1':
    'test/testing/documented.test.ts: runs',
}

const isTyped = ({ language, name }: { language: string; name: string }) =>
  (language === 'ts' || language === 'js') && !(name in elsewhere)
const typed = blocks.filter(isTyped)

const directories: string[] = []
function directoryAt(parent: string): string {
  const directory = mkdtempSync(join(parent, 'documented-'))
  directories.push(directory)
  return directory
}
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

it('every code block of the documents is run or parsed by a test', () => {
  const untried = blocks.filter(
    (block) => !['sh', 'console'].includes(block.language) && !isTyped(block) && !(block.name in elsewhere),
  )
  expect(untried.map(({ name }) => name)).toEqual([])
  for (const name of Object.keys(elsewhere)) expect(blockNamed(name).name).toBe(name)
})

it('TypeScript compiles with the types of the packages', () => {
  const directory = directoryAt(rootFile('dist'))
  const names = new Map<string, string>()
  for (const [index, { name, code }] of typed.entries()) {
    const file = `snippet-${index}.ts`
    names.set(file, name)
    writeFileSync(join(directory, file), `${code}\nexport {}\n`)
  }
  const tsconfig = {
    extends: rootFile('tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      rootDir: rootFile('.'),
      types: ['node'],
      typeRoots: [rootFile('node_modules/@types')],
    },
    include: ['.'],
    exclude: [],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(tsconfig))
  const compiler = rootFile('node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', directory], { encoding: 'utf8' })
  const complaints = stdout.replace(/\S*snippet-\d+\.ts/g, (file) => names.get(basename(file)) ?? file)
  expect(complaints).toBe('')
})

describe('code for other programs', () => {
  it('is valid JavaScript, if its package is not installed', () => {
    const { code } = blockNamed('docs/consumers.md#reading-events 2')
    const file = join(directoryAt(tmpdir()), 'snippet.mjs')
    writeFileSync(file, code)
    expect(spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr).toBe('')
  })

  const hasGo = spawnSync('gofmt', ['-h']).error === undefined
  it.skipIf(!hasGo)(`is Go${hasGo ? '' : ' (skipped: gofmt is not installed)'}`, () => {
    const { code } = blockNamed('docs/consumers.md#reading-events 3')
    const input = `package main\n\nfunc main() {\n${code}}\n`
    expect(spawnSync('gofmt', ['-e'], { input, encoding: 'utf8' }).stderr).toBe('')
  })

  it('is a valid provider entry', () => {
    const directory = directoryAt(tmpdir())
    writeFileSync(join(directory, 'acme.json'), blockNamed('docs/providers.md#providers-of-your-own 1').code)
    const { status, stdout } = spawnSync(
      process.execPath,
      [rootFile('dist/src/main.js'), 'providers', 'acme'],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, TOKENBUS_CATALOGUE_DIR: directory },
      },
    )
    expect(stdout).toContain('Acme')
    expect(status).toBe(0)
  })
})
