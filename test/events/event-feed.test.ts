import { connect } from 'nats'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { createEventFeed, type FeedEvent } from '../../src/events/event-feed.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'

const eventOf = (account: string, version: number, type = 'token.refreshed') => ({
  id: `${account}-${version}`,
  type,
  time: new Date(version * 1_000).toISOString(),
  account,
  version,
})

it('a listener gets each event once, and none whose body does not match its subject', async () => {
  await using server = await startNats()
  const nats = await connect({ servers: server.url })
  const feed = createEventFeed({ nats, logger: pino({ enabled: false }) })
  const heard: FeedEvent[] = []
  feed.listen((event) => heard.push(event))
  const published: [string, unknown][] = [
    ['token.refreshed.alice', eventOf('alice', 2)],
    ['token.refreshed.alice', eventOf('alice', 2)],
    ['token.refreshed.alice', eventOf('alice', 1)],
    ['token.refreshed.alice', eventOf('bob', 3)],
    ['token.invalid.alice', eventOf('alice', 3)],
    ['token.refreshed.alice', 'no JSON'],
    ['app.secret-expired.sandbox', { ...eventOf('alice', 4, 'app.secret-expired'), app: 'sandbox' }],
    ['token.refreshed.a%2Eb', eventOf('a.b', 1)],
  ]
  for (const [subject, body] of published)
    nats.publish(subject, typeof body === 'string' ? body : JSON.stringify(body))
  await eventually(() => expect(heard.at(-1)?.account).toBe('a.b'))
  expect(heard.map(({ type, account }) => [type, account])).toEqual([
    ['token.refreshed', 'alice'],
    ['app.secret-expired', undefined],
    ['token.refreshed', 'a.b'],
  ])
  expect(JSON.parse(heard[0]?.body as string)).toEqual(eventOf('alice', 2))
  feed.stop()
  await nats.close()
})
