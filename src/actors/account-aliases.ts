import { createHash } from 'node:crypto'
import type { AccountContext } from '../../machines/index.ts'
import { Secret } from '../common/secret.ts'

/** What a security event may call the person or the refresh token it is about. */
export type Name =
  | { readonly kind: 'person'; readonly text: string }
  | { readonly kind: 'token'; readonly text: string }

export interface Named {
  readonly context: AccountContext
  /** The refresh token that has just come; undefined where the one before stays. */
  readonly token: Secret | undefined
  /** Its names so far. */
  readonly known: readonly string[]
}

export interface Names {
  markOf(app: string, name: Name): string
  /** All by which the account is found. */
  of(named: Named): string[]
  /** Is this really its name? Marks may be shared, and may be older than the account is now. */
  is(account: AccountContext, name: Name, refreshToken: Secret | undefined): boolean
}

/**
 * The names under which an account is found without its id, as keyed marks: the index tells nobody who they are. A
 * refresh token is a name only where it lasts; one that is replaced at each refresh would never be told in time.
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

/** How Google names a token: by its first characters, or by its hash (`hash_base64_sha512_sha512`). */
function tokenNames(token: Secret): string[] {
  const text = token.reveal()
  const hash = (data: string | Buffer) => createHash('sha512').update(data).digest()
  return [text.slice(0, 16), hash(hash(text)).toString('base64')]
}
