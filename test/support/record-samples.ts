import type { Change, OutboxEntry } from '../../src/redis/records.ts'

const none = { version: 0, saveId: null, state: null, app: null, names: [], fields: {} }

/** Changes and outbox entries with unique ids. */
export function recordSamples() {
  let count = 0
  const newId = () => `id-${++count}`
  const entry = (id: string, type: OutboxEntry['type'], n = ++count): OutboxEntry => ({
    id: `event-${n}`,
    type,
    time: '2026-01-02T03:04:05.000Z',
    ref: { kind: 'account', id },
    body: JSON.stringify({ n }),
  })
  const change = (id: string, changed: Partial<Change> = {}): Change => ({
    ref: { kind: 'account', id },
    saveId: `save-${++count}`,
    snapshot: '{"value":"valid"}',
    generation: 1,
    state: 'valid',
    wakeAt: null,
    app: 'app',
    previous: none,
    outbox: [],
    ...changed,
  })
  return { newId, entry, change }
}
