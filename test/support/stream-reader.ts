import type { NatsConnection } from 'nats'

/** Every message that a stream holds, oldest first. */
export async function readStream<Body>(
  nats: NatsConnection,
  name: 'TOKENBUS_EVENTS' | 'TOKENBUS_HISTORY',
): Promise<Body[]> {
  const { streams } = await nats.jetstreamManager()
  const { state } = await streams.info(name)
  const bodies: Body[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq++)
    bodies.push((await streams.getMessage(name, { seq })).json<Body>())
  return bodies
}
