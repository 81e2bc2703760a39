import type { OutboxEntry } from '../redis/record.ts'

const longestText = 1_024

/** The fields that show what happened; the triggering event, the effects and the snapshot are left out. */
const keptOfTransition = ['id', 'type', 'time', 'account', 'version', 'from', 'to', 'at', 'wakeAt'] as const

/** The body of an event that is too large for the server: without its large parts, and with `truncated: true`. */
export function shortenedBody({ type, body }: Pick<OutboxEntry, 'type' | 'body'>): string {
  const whole = JSON.parse(body) as Record<string, unknown>
  const shortened =
    type === 'account.transition'
      ? Object.fromEntries(keptOfTransition.map((name) => [name, whole[name]]))
      : (withoutLongParts(whole) as object)
  return JSON.stringify({ ...shortened, truncated: true })
}

/** Empties lists and leaves out long texts. */
function withoutLongParts(value: unknown): unknown {
  if (Array.isArray(value)) return []
  if (typeof value === 'string') return value.length > longestText ? undefined : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutLongParts(each)]))
}
