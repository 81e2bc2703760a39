import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { privatePackage } from '../support/private-package.ts'
import { installPacked, root } from './packed.ts'

interface Wrong {
  readonly createPackageFromTarballData: (tarball: Uint8Array) => unknown
  readonly checkPackage: (
    from: unknown,
  ) => Promise<{ types: unknown; problems?: readonly { kind: string; entrypoint?: string }[] }>
}

const { missing, load } = privatePackage('docs')
const title = `the types of the packages${missing === null ? '' : ` (skipped: ${missing})`}`

/** Both packages are ES modules alone: CommonJS reaches them by `import()`, and Node 10's way of finding files is not served. */
const known = new Set(['CJSResolvesToESM', 'NoResolution'])

describe.skipIf(missing)(title, () => {
  const packages = [installPacked(), installPacked({ source: join(root, 'src/client') })]
  afterAll(() => {
    for (const packed of packages) packed.remove()
  })

  it.each(packages)('of $manifest.name are found by every module resolution', async ({ tarball }) => {
    const { createPackageFromTarballData, checkPackage } = await load<Wrong>('@arethetypeswrong/core')
    const { types, problems = [] } = await checkPackage(createPackageFromTarballData(readFileSync(tarball)))
    expect(types).not.toBe(false)
    expect(problems.filter(({ kind }) => !known.has(kind))).toEqual([])
  })
})
