import type { OutboxEntry } from '../redis/record.ts'

const longestText = 1_024

/** Enough to know that something happened, and to what; what led to it and all that came of it is left out. */
const keptOfTransition = ['id', 'type', 'time', 'account', 'version', 'from', 'to', 'at', 'wakeAt'] as const

/** The body of an event that is too large for its server: without what makes it so, and with `truncated`. */
export function shortenedBody({ type, body }: Pick<OutboxEntry, 'type' | 'body'>): string {
  const whole = JSON.parse(body) as Record<string, unknown>
  const shortened =
    type === 'account.transition'
      ? Object.fromEntries(keptOfTransition.map((name) => [name, whole[name]]))
      : (withoutLongParts(whole) as object)
  return JSON.stringify({ ...shortened, truncated: true })
}

/** Lists are emptied, long texts left out. */
function withoutLongParts(value: unknown): unknown {
  if (Array.isArray(value)) return []
  if (typeof value === 'string') return value.length > longestText ? undefined : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutLongParts(each)]))
}
