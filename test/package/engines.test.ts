import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import lock from '../../package-lock.json' with { type: 'json' }

const { satisfies, minVersion } = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean
  minVersion(range: string): { version: string }
}
const oldest = minVersion(manifest.engines.node).version

it('every package installs with --engine-strict on the oldest Node that is promised', () => {
  const packages = Object.entries(lock.packages as Record<string, { engines?: { node?: string } }>)
  const refusing = packages.filter(([, { engines }]) => !satisfies(oldest, engines?.node ?? '*'))
  expect(refusing.map(([path, { engines }]) => `${path} wants ${engines?.node}`)).toEqual([])
})

it('and that needs no overrides, which do not reach those who install the package', () => {
  expect(manifest).not.toHaveProperty('overrides')
})
