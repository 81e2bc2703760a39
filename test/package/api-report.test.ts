import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { privatePackage } from '../support/private-package.ts'
import { root } from './packed.ts'

const { missing } = privatePackage('docs')
const title = `the public surface of the packages${missing === null ? '' : ` (skipped: ${missing})`}`

const built = (what: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['docs/build.mjs', what], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

describe.skipIf(missing)(title, () => {
  it('equals the reports in docs/api (npm run api-report)', () => {
    const { status, said } = built('check')
    expect(status, said).toBe(0)
  })

  it('is documented for every export (npm run docs)', () => {
    const { status, said } = built('site')
    expect(status, said).toBe(0)
  })
})
