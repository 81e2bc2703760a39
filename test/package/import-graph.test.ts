import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './packed.ts'

/** Every module a built file imports, however far away: its own files, and packages by name. */
function importsOf(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    const specifiers = readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"]+)['"]/g,
    )
    for (const [, specifier = ''] of specifiers) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier))
      else if (!isBuiltin(specifier)) packages.add(specifier)
    }
  }
  visit(join(root, entry))
  return { files: [...files].map((file) => relative(root, file)).sort(), packages: [...packages].sort() }
}

it('the client imports nats, its own files and a few without server code', () => {
  const { files, packages } = importsOf('src/client/dist/client/index.js')
  expect(packages).toEqual(['nats'])
  expect(files.filter((file) => !file.startsWith('src/client/dist/client/'))).toEqual([
    'src/client/dist/bus/connect.js',
    'src/client/dist/bus/connection-watch.js',
    'src/client/dist/bus/creds-file.js',
    'src/client/dist/bus/nats-url.js',
    'src/client/dist/common/batch-writes.js',
    'src/client/dist/common/cache-fill.js',
    'src/client/dist/common/start-error.js',
    'src/client/dist/common/tls-error.js',
    'src/client/dist/contract/announced.js',
    'src/client/dist/contract/encode-id.js',
    'src/client/dist/contract/event-filter.js',
  ])
})

it('the machines import xstate only', () => {
  const { files, packages } = importsOf('dist/machines/index.js')
  expect(packages).toEqual(['xstate'])
  expect(files.filter((file) => !file.startsWith('dist/machines/'))).toEqual([])
})
