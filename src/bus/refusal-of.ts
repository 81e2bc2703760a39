import type { Msg } from 'nats'

/** Why a message on a request subject is not acted on; only `rate_limited` is answered. */
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
 * Why this message is not a valid request, or undefined. A client can make JetStream, or this service, publish to a request
 * subject. Messages of JetStream are recognised by a status, by an acknowledgement subject or none as reply, or by the
 * subject of the event delivered. Positional parameters, because this hot path must not allocate.
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

/** Undefined if the headers cannot be parsed: the client library throws for some. */
function statusOf(message: Msg): number | undefined {
  try {
    return message.headers?.code ?? 0
  } catch {
    return undefined
  }
}

/** Tests a subject against a subscription that is exact or ends with `.*`. */
export function matcherOf(subscribed: string): (subject: string) => boolean {
  if (!subscribed.endsWith('.*')) return (subject) => subject === subscribed
  const stem = subscribed.slice(0, -1)
  return (subject) =>
    subject.length > stem.length && subject.startsWith(stem) && !subject.includes('.', stem.length)
}
