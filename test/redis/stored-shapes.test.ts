import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { snapshotSchema } from '../../machines/index.ts'
import { newestLevel } from '../../src/redis/write-level.ts'
import { useEngines } from '../support/engines.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { createShapes } from '../support/shapes.ts'
import { sampleFor } from '../support/stored-accounts.ts'
import { accountsOf, putAccounts, putApps, putTheRest, spooledBy, ticket } from '../support/stored-content.ts'

const engines = useEngines()
const asked = ['account.authorized, eager and strict', 'token.requested, forced']
const paths = [
  asked,
  [...asked, 'refresh.failed, A'],
  [...asked, 'refresh.failed, T in doubt'],
  [...asked, 'refresh.succeeded', 'token.rejected'],
  [
    'account.authorized, lazy and keeps-old',
    'token.requested, for a resource',
    'refresh.succeeded, for a resource',
  ],
  [...asked, 'account.removed'],
]
/** In each record: JSON, or sealed JSON. */
const json = ['s', 'config', 'metadata']
const sealed: Record<string, string> = { c: 'c', 'c-': 'c-', 'c~': 'c~' }

/**
 * A failure here means that what is stored has another shape. Was this level or schema ever released, it needs a new number,
 * a migration (`added` in machines/stored.ts), and a fixture of the old one; else the file is written anew (`vitest -u`).
 */
it(`what is stored at level ${newestLevel}, snapshots of schema ${snapshotSchema}, has the shape it is known to have`, async () => {
  const redis = new Redis(engines.redisUrl)
  await using node = await startTestNode({
    ...engines,
    refreshToken: () => new Promise(() => {}),
    waker: false,
  })
  await putApps(node)
  await putAccounts(node, paths)
  await putTheRest(node)
  const shapes = createShapes()
  shapes.add('spooled', JSON.parse(await spooledBy(node)))
  await shapesOfRecords(node, redis, shapes)
  // A hash has no order: all of its rows, not the first.
  for (const row of await redis.hvals('tb:{api-tokens}'))
    shapes.add('api-token', JSON.parse(row.slice(row.indexOf('{'))))
  shapes.add('consent', await node.storage.pendingConsents.look(ticket))
  const meta = Object.entries(await redis.hgetall('tb:meta'))
  shapes.add(
    'meta',
    Object.fromEntries(meta.map(([field, value]) => [field.replace(/:.*/, ':<key>'), value])),
  )
  await shapesOfOutbox(node, redis, shapes)
  redis.disconnect()
  const file = `../fixtures/stored/shapes-${newestLevel}-${snapshotSchema}.txt`
  await expect(shapes.text()).toMatchFileSnapshot(file)
})

type Shapes = ReturnType<typeof createShapes>

async function shapesOfRecords({ storage }: TestNode, redis: Redis, shapes: Shapes): Promise<void> {
  for (const key of await redis.keys('tb:{*}:a*:*')) {
    const [, kind = '', id = ''] = /^tb:\{\d+\}:(account|app):(.*)$/.exec(key) ?? []
    if (kind === '') continue
    const hash = await redis.hgetall(key)
    shapes.add(kind, hash)
    for (const field of json) if (hash[field]) shapes.add(`${kind} ${field}`, JSON.parse(hash[field]))
    for (const field of Object.keys(sealed)) {
      const slot = kind === 'app' ? 'secrets' : field
      if (!hash[field]) continue
      const text = storage.sealer.open({ sealed: hash[field], account: id, slot }).reveal()
      shapes.add(`${kind} ${field}`, JSON.parse(text))
    }
  }
}

/** Actors without a publisher leave their entries in the outbox. */
async function shapesOfOutbox(node: TestNode, redis: Redis, shapes: Shapes): Promise<void> {
  await node.host.outbox.stop()
  const quiet = accountsOf(node, { tell: () => undefined })
  await quiet.receive('alice', ({ snapshot }) => sampleFor('account.updated', snapshot))
  for (const key of await redis.keys('tb:{*}:outbox')) {
    for (const [, flat] of await redis.xrange(key, '-', '+')) {
      const entry = Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])))
      shapes.add('outbox', entry)
      const body = Object.keys(JSON.parse(entry.body as string))
      shapes.add('outbox body', Object.fromEntries(body.map((name) => [name, name])))
    }
  }
}
