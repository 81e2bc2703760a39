import { z } from 'zod'
import { requestRoutes } from './request-routes.ts'
import { apiTokenRevoked, changedSubject, eventTypes } from './subjects.ts'

/** Reply subjects that nats-server creates for requests from another account. */
export const importReplies = '_R_.'

/** Replies may go to clients' inboxes, including `_INBOX_<user>.`, and to other accounts. */
export const usualReplyPrefixes: readonly string[] = ['_INBOX', importReplies]

/** First tokens of the subjects of requests and events: a reply sent there would be taken for one. */
const reserved = new Set(
  [...requestRoutes.map(({ verb }) => verb), ...eventTypes, apiTokenRevoked, changedSubject].map(
    (subject) => subject.split('.')[0] as string,
  ),
)

/** `TOKENBUS_REPLY_PREFIXES`: further prefixes, comma-separated. */
export const replyPrefixesSchema = z
  .string()
  .transform((text) => text.split(',').map((prefix) => prefix.trim()))
  .pipe(
    z
      .array(
        z
          .string()
          .max(128, 'must have 128 characters at most')
          .regex(/^[^\s*>.]+(\.[^\s*>.]+)*\.?$/, 'must be the beginnings of subjects, without wildcards')
          .refine((prefix) => !prefix.startsWith('$'), 'must not begin with $')
          .refine((prefix) => !reachesReserved(prefix), 'must not reach subjects of requests or events'),
      )
      .max(16, 'must be 16 at most'),
  )

/** Prefixes are compared as text: without a dot, `acc` also matches the token `account`. */
function reachesReserved(prefix: string): boolean {
  const [first = '', ...rest] = prefix.split('.')
  if (rest.length > 0) return reserved.has(first)
  return [...reserved].some((token) => token.startsWith(first))
}
