import { z } from 'zod'
import { requestRoutes } from './request-routes.ts'
import { apiTokenRevoked, changedSubject, eventTypes } from './subjects.ts'

/** Replies to an account that imports our requests; the server makes these subjects. */
export const importReplies = '_R_.'

/** Where replies may go: clients' inboxes, `_INBOX_<user>.` among them, and other accounts. */
export const usualReplyPrefixes: readonly string[] = ['_INBOX', importReplies]

/** The first tokens of subjects that mean something to us: a reply there would be a request or an event. */
const reserved = new Set(
  [...requestRoutes.map(({ verb }) => verb), ...eventTypes, apiTokenRevoked, changedSubject].map(
    (subject) => subject.split('.')[0] as string,
  ),
)

/** Further prefixes, comma-separated. */
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

/** A prefix that does not end at a dot reaches every token that begins with its last one. */
function reachesReserved(prefix: string): boolean {
  const [first = '', ...rest] = prefix.split('.')
  if (rest.length > 0) return reserved.has(first)
  return [...reserved].some((token) => token.startsWith(first))
}
