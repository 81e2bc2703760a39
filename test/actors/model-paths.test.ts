import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { wakesAt } from '../../machines/index.ts'
import { createAccounts } from '../../src/actors/account-actor.ts'
import { createNewerForms } from '../../src/actors/newer-forms.ts'
import { createSealedTokens } from '../../src/actors/sealed-tokens.ts'
import { connectNats } from '../../src/bus/connect.ts'
import { createClusterClock } from '../../src/common/cluster-clock.ts'
import { createEventFlow } from '../../src/common/event-flow.ts'
import { unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import { realTimers } from '../../src/common/timers.ts'
import { createHistory } from '../../src/events/history.ts'
import { createOutbox } from '../../src/events/outbox.ts'
import { createPublisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { replay } from '../../src/testing/index.ts'
import { type AccountPath, accountPaths } from '../support/account-paths.ts'
import { samples } from '../support/account-samples.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'
import { testKeys } from '../support/node.ts'
import { startRedis } from '../support/redis.ts'

const model = accountPaths()
const stopping: (() => unknown)[] = []
let host: Awaited<ReturnType<typeof startHost>>

async function startHost() {
  const natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redisServer = await startRedis()
  const logger = pino({ level: 'silent' })
  const storage = await openStorage({ url: redisServer.url, keys: testKeys, partitions: 4, logger })
  const nats = await connectNats({ url: natsServer.url, name: 'test', logger })
  await ensureStreams({ nats })
  const clock = createClusterClock()
  const publisher = createPublisher({ nats, source: 'test' })
  const { records, fingerprint, sealer } = storage
  const outbox = createOutbox({
    announce: () => {},
    records,
    publisher,
    clock,
    partitions: 4,
    timers: realTimers,
    logger,
    flow: createEventFlow(realTimers),
    observer: unobserved,
  })
  const sent: { account: string; attempt: string }[] = []
  const accounts = createAccounts({
    records,
    clock,
    newerForms: createNewerForms({ logger, observer: unobserved }),
    sealed: createSealedTokens(sealer),
    fingerprint,
    beforeSave: () => undefined,
    afterSave: (account) => outbox.saved({ kind: 'account', id: account }),
    send: ({ account, attempt }) => sent.push({ account, attempt: attempt.id }),
  })
  stopping.push(
    natsServer.stop,
    redisServer.stop,
    storage.close,
    () => nats.close(),
    () => publisher.stop(),
    outbox.stop,
  )
  return { accounts, sent, records, history: createHistory({ nats }) }
}

beforeAll(async () => {
  host = await startHost()
})
afterAll(async () => {
  for (const stop of stopping.reverse()) await stop()
})

async function drive(account: string, { steps }: AccountPath): Promise<void> {
  const { accounts, sent, records } = host
  const sends = () => sent.filter((each) => each.account === account).map(({ attempt }) => attempt)
  let before = 0
  for (const [index, expected] of steps.entries()) {
    const outcome = await accounts.receive(account, ({ snapshot }) => ({
      event: (samples[expected.sample] as (typeof samples)[string])(snapshot.context),
      extra: {
        tokens: {
          accessToken: new Secret(`at-${index}`),
          refreshToken: new Secret(`rt-${account}-${index}`),
        },
      },
    }))
    const { value, context } = outcome.snapshot
    expect({ value, effects: outcome.effects.map(({ type }) => type) }).toEqual({
      value: expected.value,
      effects: expected.effects,
    })
    if (expected.effects.includes('refresh.send'))
      expect(sends().slice(before)).toEqual([context.attempt?.id])
    before = sends().length
    const record = await records.load({ kind: 'account', id: account })
    expect(record).toMatchObject({
      version: index + 1,
      generation: context.generation,
      wakeAt: context.grantId ? wakesAt(context) : null,
    })
    expect(record.state).toBe(context.grantId === null ? null : value)
  }
  const recorded = await eventually(async () => {
    const read = await host.history.read(account, 200)
    if (!read.ok || read.value.length < steps.length)
      throw new Error('not all transitions are in the stream yet')
    return read.value
  })
  expect(replay(recorded)).toMatchObject({ checked: steps.length, skipped: 0 })
  expect(replay(recorded).divergence).toBeUndefined()
}

it(`on real Redis and NATS the host follows all ${model.ways} paths of the account’s model, and each replays as recorded`, async () => {
  const paths = [...model.paths.entries()]
  const worker = async () => {
    for (let next = paths.pop(); next !== undefined; next = paths.pop())
      await drive(`path-${next[0]}`, next[1])
  }
  await Promise.all(Array.from({ length: 8 }, worker))
})
