import { createHash } from 'node:crypto'
import type { AccountContext } from '../../machines/index.ts'
import { Secret } from '../common/secret.ts'

/** How a security event identifies the user or the refresh token. */
export type Name =
  | { readonly kind: 'person'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string }

export interface Named {
  readonly context: AccountContext
  /** The new refresh token; undefined if it was not rotated. */
  readonly token: Secret | undefined
  /** Its current names. */
  readonly known: readonly string[]
}

export interface Names {
  markOf(app: string, name: Name): string
  /** All marks of the account. */
  of(named: Named): string[]
  /** True if the name is the account's; marks can collide or be outdated. */
  is(account: AccountContext, name: Name, refreshToken: Secret | undefined): boolean
}

/**
 * Indexes accounts by other names than their id, as keyed marks, so that the index does not reveal the names. A refresh token
 * is a name only if it is not rotated, since an event about a rotated one would always be late.
 */
export function createNames(fingerprint: (mark: { account: string; token: Secret }) => string): Names {
  const markOf = (app: string, { kind, text }: Name) =>
    kind[0] + fingerprint({ account: app, token: new Secret(`${kind} ${text.toLowerCase()}`) })

  return {
    markOf,
    of({ context, token, known }) {
      const { app, user, subject, rotation } = context
      const people = [user, ...(subject === null ? [] : [subject])]
      const marks = people.map((text) => markOf(app, { kind: 'person', text }))
      if (rotation !== 'none') return [...new Set(marks)]
      const tokens =
        token === undefined
          ? known.filter((mark) => mark.startsWith('t'))
          : tokenNames(token).map((text) => markOf(app, { kind: 'token', text }))
      return [...new Set([...marks, ...tokens])]
    },
    is({ user, subject }, { kind, text }, refreshToken) {
      if (kind === 'token') return refreshToken !== undefined && tokenNames(refreshToken).includes(text)
      return text === subject || text.toLowerCase() === user.toLowerCase()
    },
  }
}

/** How Google identifies a token: by its prefix, or by its hash (`hash_base64_sha512_sha512`). */
function tokenNames(token: Secret): string[] {
  const text = token.reveal()
  const hash = (data: string | Buffer) => createHash('sha512').update(data).digest()
  return [text.slice(0, 16), hash(hash(text)).toString('base64')]
}
