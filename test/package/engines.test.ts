import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import lock from '../../package-lock.json' with { type: 'json' }

const { satisfies, minVersion } = createRequire(import.meta.url)('semver') as {
  satisfies(version: string, range: string): boolean
  minVersion(range: string): { version: string }
}
const oldest = minVersion(manifest.engines.node).version

it('every package installs with --engine-strict on the oldest supported Node', () => {
  const packages = Object.entries(lock.packages as Record<string, { engines?: { node?: string } }>)
  const refusing = packages.filter(([, { engines }]) => !satisfies(oldest, engines?.node ?? '*'))
  expect(refusing.map(([path, { engines }]) => `${path} wants ${engines?.node}`)).toEqual([])
})

it('the package needs no overrides, which would not apply to its users', () => {
  expect(manifest).not.toHaveProperty('overrides')
})
