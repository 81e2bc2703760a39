// Misses nothing: JetStream remembers how far the durable consumer NAME came while it is away. Ctrl-C ends it.
import { AckPolicy, connect, DeliverPolicy } from 'nats'
import { createEventFilter } from 'tokenbus/client'
import { natsOptions } from './setup.js'

const stream = 'TOKENBUS_EVENTS'
const name = process.env.NAME ?? 'example'

const nats = await connect({ ...natsOptions(), maxReconnectAttempts: -1 })
// The role `consumer` may read this stream and nothing else, so nothing else is asked.
const manager = await nats.jetstreamManager({ checkAPI: false })
await manager.consumers.add(stream, {
  durable_name: name,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
})
const consumer = await nats.jetstream().consumers.get(stream, name)
const believed = createEventFilter()
for await (const message of await consumer.consume()) {
  const event = message.json()
  const { type, account, app, version, time } = event
  // Not what somebody else put on its subject, nor what came before.
  if (believed(message.subject, event)) console.log(`${time}  ${type}  ${account ?? app}  version ${version}`)
  // Acknowledged once it is dealt with: what was not comes again.
  message.ack()
}
