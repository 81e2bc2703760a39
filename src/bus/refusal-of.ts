import type { Msg } from 'nats'

/** Why a message that came in on a subject of requests is not acted on; `rate_limited` alone is answered. */
export const refusals = [
  'headers',
  'status',
  'no_reply',
  'reply_subject',
  'other_subject',
  'rate_limited',
] as const
export type Refusal = (typeof refusals)[number]

/**
 * Why this message is no request, or undefined. Anybody may make JetStream, or us, publish to a subject of requests:
 * what JetStream says has a status, a reply that acknowledges or none, or the subject of the event it delivers.
 * Positional, since nothing may be allocated here.
 */
export function refusalOf(
  message: Msg,
  mayReply: boolean,
  isOwn: (subject: string) => boolean,
): Refusal | undefined {
  const code = statusOf(message)
  if (code === undefined) return 'headers'
  if (code !== 0) return 'status'
  if (!mayReply) return message.reply ? 'reply_subject' : 'no_reply'
  return isOwn(message.subject) ? undefined : 'other_subject'
}

/** Undefined where the headers cannot be read: the client library throws at some. */
function statusOf(message: Msg): number | undefined {
  try {
    return message.headers?.code ?? 0
  } catch {
    return undefined
  }
}

/** Whether a subject is the one that is subscribed to, which is exact or ends with `.*`. */
export function matcherOf(subscribed: string): (subject: string) => boolean {
  if (!subscribed.endsWith('.*')) return (subject) => subject === subscribed
  const stem = subscribed.slice(0, -1)
  return (subject) =>
    subject.length > stem.length && subject.startsWith(stem) && !subject.includes('.', stem.length)
}
