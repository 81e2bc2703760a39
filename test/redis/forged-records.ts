import { isDeepStrictEqual } from 'node:util'
import { Secret } from '../../src/common/secret.ts'
import { ok } from '../../src/contract/failures.ts'
import { sandboxApp, type TestNode } from '../support/node.ts'
import { getToken } from '../support/test-account.ts'

/** Stores user and service accounts with their apps, each kind under two ids. */
export async function storeRecords({ tokenbus }: TestNode): Promise<void> {
  const { clientSecret: _, ...open } = sandboxApp
  const metadata = { team: 'a' }
  for (const name of ['one', 'other']) {
    await tokenbus.putApp(`app-${name}`, { ...sandboxApp, name, clientSecret: new Secret(`secret-${name}`) })
    await tokenbus.putApp(`public-${name}`, { ...open, name, rotation: 'strict' })
    await tokenbus.putApp(`service-${name}`, { ...sandboxApp, name, grant: 'client_credentials' })
    const refreshToken = new Secret(`refresh-${name}`)
    const person = { user: `${name}@example.com`, metadata, refreshToken }
    await tokenbus.putAccount(`person-${name}`, { app: `app-${name}`, ...person })
    await tokenbus.putAccount(`open-${name}`, { app: `public-${name}`, ...person })
    await tokenbus.putAccount(`robot-${name}`, { app: `service-${name}`, user: `robot-${name}` })
  }
}

/** Saves each record again, with other tokens and settings. */
export async function moveOn(node: TestNode): Promise<void> {
  for (const name of ['one', 'other']) {
    for (const kind of ['person', 'open', 'robot']) {
      const got = await getToken(node, `${kind}-${name}`, { forceRefresh: true })
      if (got.accessToken === undefined) throw new Error(`${kind}-${name}: ${got.error}`)
    }
    for (const kind of ['app', 'public', 'service'])
      await node.tokenbus.updateApp(`${kind}-${name}`, () => ok({ name: `${name}, renamed` }))
  }
}

type Hash = Record<string, string>

/** The forgeries of a record: what was changed, and the resulting hash. */
export function forgeries(now: Hash, { before, other }: { before: Hash; other: Hash }): [string, Hash][] {
  // `used` is written outside the saves, and decides only whether a token is refreshed ahead of time.
  const each = Object.keys({ ...now, ...before, ...other }).filter((field) => field !== 'used')
  const without = (field: string) =>
    Object.fromEntries(Object.entries(now).filter(([name]) => name !== field))
  const put = (field: string, value: string | undefined): Hash =>
    value === undefined ? without(field) : { ...now, [field]: value }
  const cases = each.flatMap((field): [string, Hash][] => [
    [`${field} changed`, put(field, `${now[field] ?? ''}1`)],
    [`${field} removed`, put(field, undefined)],
    [`${field} of another id`, put(field, other[field])],
    [`${field} rolled back`, put(field, before[field])],
  ])
  const whole: [string, Hash][] = [
    ['a field added', put('d', 'anything')],
    ['everything of another id', other],
    ['all but the snapshot rolled back', { ...before, s: now.s as string }],
    ['the snapshot and its MAC rolled back', { ...now, s: before.s as string, m: before.m as string }],
  ]
  const isWhole = (hash: Hash) => isDeepStrictEqual(hash, now) || isDeepStrictEqual(hash, before)
  return [...cases, ...whole].filter(([, hash]) => !isWhole(hash))
}
