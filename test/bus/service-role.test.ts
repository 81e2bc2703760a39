import { connect } from 'nats'
import { expect, it, vi } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { listen } from '../../src/bus/listen.ts'
import { requestRoutes } from '../../src/bus/request-routes.ts'
import { changedSubject, streamSubjects } from '../../src/bus/subjects.ts'
import { ok } from '../../src/contract/failures.ts'
import { announceChanges, watchChanges } from '../../src/events/changes.ts'
import { createHistory } from '../../src/events/history.ts'
import { createPublisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'
import { plainTokenbus } from './plain-tokenbus.ts'

const quoted = (subjects: string[]) => subjects.map((subject) => JSON.stringify(subject)).join(', ')
const publish = quoted([
  changedSubject,
  ...streamSubjects('TOKENBUS_EVENTS'),
  ...streamSubjects('TOKENBUS_HISTORY'),
  ...['EVENTS', 'HISTORY'].flatMap((name) =>
    ['CREATE', 'INFO', 'MSG.GET'].map((verb) => `$JS.API.STREAM.${verb}.TOKENBUS_${name}`),
  ),
  '$JS.API.CONSUMER.CREATE.TOKENBUS_HISTORY',
  '$JS.API.CONSUMER.MSG.NEXT.TOKENBUS_HISTORY.*',
  '$JS.API.CONSUMER.DELETE.TOKENBUS_HISTORY.*',
])
const subscribe = quoted([
  '_INBOX_tokenbus.>',
  ...requestRoutes.map(({ subject }) => subject),
  changedSubject,
  ...['account.transition.*', 'account.removed.*', '$SRV.>'],
])
const configText = `
jetstream { max_file_store: 20GB }
authorization { users = [
  { user: tokenbus, password: p
    permissions: { publish: [${publish}], subscribe: [${subscribe}], allow_responses: true } }
  { user: consumer, password: p }
] }`

it('the service works with exactly the permissions of its role', async () => {
  await using server = await startNats({ configText })
  const logger = { warn: vi.fn(), info: vi.fn(), error: vi.fn() }
  const url = `nats://tokenbus:p@127.0.0.1:${server.port}`
  const nats = await connectNats({ url, name: 'test', logger: logger as never })
  await ensureStreams({ nats })
  const changed = vi.fn()
  const watch = await watchChanges({ nats, onChange: changed })
  const tokenbus = plainTokenbus({ listApps: async () => ok({ apps: [] }) })
  const listening = await listen({ nats, tokenbus, version: '1.2.3' })

  const publisher = createPublisher({ nats, source: 'test' })
  const type = 'account.transition' as const
  const body = { id: 'e1', type, account: 'alice', version: 1, time: '2026-01-02T03:04:05.000Z' }
  const ref = { kind: 'account', id: 'alice' } as const
  const entry = { id: 'e1', type, time: body.time, ref, body: JSON.stringify(body) }
  await publisher.publish(entry)
  expect(await publisher.alreadyThere(entry)).toBe(true)
  announceChanges({ nats })({ ...ref, version: 1, save: 's1' })
  await eventually(() => expect(changed).toHaveBeenCalledTimes(2))
  expect(await createHistory({ nats }).read('alice', 5)).toEqual(ok([body]))

  const consumer = await connect({ servers: server.url, user: 'consumer', pass: 'p' })
  expect((await consumer.request('app.list')).json()).toEqual({ apps: [] })
  expect((await consumer.request('$SRV.PING.tokenbus')).json()).toMatchObject({ name: 'tokenbus' })

  await consumer.close()
  publisher.stop()
  watch.stop()
  await listening.stop()
  expect([...logger.warn.mock.calls, ...logger.error.mock.calls]).toEqual([])
  await nats.close()
})
