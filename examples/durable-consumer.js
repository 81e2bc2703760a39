// Misses nothing: JetStream remembers how far the durable consumer NAME came while it is away. Ctrl-C ends it.
// An operator makes it beforehand: npm run tokenbus -- consumer create consumer
import { connect } from 'nats'
import { createEventFilter } from 'tokenbus/client'
import { apiPrefix, natsOptions } from './setup.js'

const nats = await connect({ ...natsOptions(), maxReconnectAttempts: -1 })
const { consumers } = nats.jetstream({ apiPrefix })
const consumer = await consumers.get('TOKENBUS_EVENTS', process.env.NAME ?? 'consumer')
const believed = createEventFilter()
for await (const message of await consumer.consume()) {
  const event = message.json()
  const { type, account, app, version, time } = event
  // Not what somebody else put on its subject, nor what came before.
  if (believed(message.subject, event)) console.log(`${time}  ${type}  ${account ?? app}  version ${version}`)
  // Acknowledged once it is dealt with: what was not comes again.
  message.ack()
}
