import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AppEvent } from '../../machines/index.ts'
import { createApps } from '../../src/actors/app-actor.ts'
import { createNewerForms } from '../../src/actors/newer-forms.ts'
import { unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import { toAppConfig } from '../../src/provider/app-settings.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { type AppStep, appPaths } from '../support/app-paths.ts'
import { sandboxApp, testKeys } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

const model = appPaths()
const partitions = 4
let redis: RedisServer
let storage: Awaited<ReturnType<typeof openStorage>>

beforeAll(async () => {
  redis = await startRedis()
  storage = await openStorage({
    url: redis.url,
    keys: testKeys,
    partitions,
    logger: pino({ level: 'silent' }),
  })
})
afterAll(async () => {
  await storage.close()
  await redis.stop()
})

const inHost = new Set(['accounts.wake', 'account.probe', 'control.send', 'baseline.learn'])

/** A question is known by the id of the event that opened it, which the host makes up. */
function asOf<E extends AppEvent>(event: E, questions: ReadonlyMap<string, string>): E {
  const text = JSON.stringify(event).replaceAll(/"question":"([^"]+)"/g, (whole, id: string) =>
    questions.has(id) ? `"question":"${questions.get(id)}"` : whole,
  )
  return JSON.parse(text)
}

/** Follows a path through the host, by puts, attempts and timers. Returns the published events. */
async function drive(app: string, path: readonly AppStep[]): Promise<string[]> {
  let now = 0
  const questions = new Map<string, string>()
  const asked: string[] = []
  const { records, sealer } = storage
  const apps = createApps({
    records,
    sealer,
    newerForms: createNewerForms({ logger: pino({ level: 'silent' }), observer: unobserved }),
    clock: { now: () => now, observe: () => undefined, ahead: () => 0, expiryTime: () => now },
    afterSave: () => undefined,
    perform: (_, { type }) => asked.push(type),
  })
  const put = await toAppConfig({ app, put: sandboxApp, allowPrivate: true })
  if (!put.ok) throw new Error(put.failure.message)
  let texts = 0
  for (const [index, { event, value, context, effects }] of path.entries()) {
    now = event.at
    asked.length = 0
    if (event.type === 'app.secret-updated') {
      await apps.configure(app, ({ secrets }) => ({
        config: put.value,
        secrets: event.secrets.map(({ id, expiresAt, fresh }) => {
          const known = secrets.find((each) => each.id === id)
          return { id, expiresAt, secret: fresh || !known ? new Secret(`text ${++texts}`) : known.secret }
        }),
      }))
    } else {
      const { at: _, id: __, ...report } = asOf(event, questions)
      expect(await apps.report(app, report)).toMatchObject({ taken: true })
    }
    const { state, context: found, record } = await apps.look(app)
    if (found.question !== null && context.question !== null) {
      questions.set(context.question.id, found.question.id)
      Object.assign(found.question, { id: context.question.id })
    }
    expect({ state, found }).toEqual({ state: value, found: { ...context, app } })
    expect(record).toMatchObject({ version: index + 1, state: value, wakeAt: context.wakeAt })
    expect(asked).toEqual(effects.map(({ type }) => type).filter((type) => inHost.has(type)))
  }
  return path.flatMap(({ effects }) => effects.map(({ type }) => type)).filter((type) => !inHost.has(type))
}

it(`on real Redis the host follows all ${model.paths.length} paths of the app’s model, with the same effects`, async () => {
  const told = new Map<string, string[]>()
  const paths = [...model.paths.entries()]
  const worker = async () => {
    for (let next = paths.pop(); next !== undefined; next = paths.pop()) {
      const app = `app-${next[0]}`
      told.set(app, await drive(app, next[1]))
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))

  const saved = new Map([...told.keys()].map((app) => [app, [] as string[]]))
  for (let partition = 0; partition < partitions; partition++) {
    for (const { entry } of await storage.records.outbox.read({ partition, count: 100_000 }))
      saved.get(entry.ref.id)?.push(entry.type)
  }
  expect(saved).toEqual(told)
})
