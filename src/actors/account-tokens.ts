import type { AccountContext, Spend, TokensStore } from '../../machines/index.ts'
import type { Secret } from '../common/secret.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { StoredRecord } from '../redis/records.ts'
import type { NewerForms } from './newer-forms.ts'
import { tokenMarks } from './refresh-token-fingerprints.ts'
import { type SealedTokens, slotOf, type TokenPair } from './sealed-tokens.ts'

/** Fields of the record; null removes one. */
export type TokenFields = Record<string, string | null>

export interface AccountTokensOptions {
  readonly sealed: SealedTokens
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  readonly newerForms: Pick<NewerForms, 'reading'>
}

interface Kept {
  readonly id: string
  readonly record: StoredRecord
  readonly after: { readonly context: AccountContext }
}

/** Tokens, and the very text that was decrypted to them or into which they were encrypted. */
export interface OpenedTokens {
  readonly text: string
  readonly tokens: TokenPair
}

export interface AccountTokens {
  /** The current tokens; null if there are none. Throws `NewerForm`. */
  openCurrent(account: string, record: StoredRecord): TokenPair | null
  /** The tokens that an attempt uses; null if there are none. Throws `NewerForm`. */
  open(account: string, record: StoredRecord, spend: Spend): OpenedTokens | null
  /** Spares decrypting the current tokens of this record again, if they are these. Forgotten together with the record. */
  remember(record: StoredRecord, opened: OpenedTokens): void
  /** Stores the new tokens as current and the current ones as previous. */
  store(kept: Kept, effect: TokensStore, tokens: TokenPair): { fields: TokenFields; current: OpenedTokens }
  /** Keeps the refresh token of a second answer to a used token, without using it. */
  keepSibling(kept: Kept, tokens: TokenPair | undefined): TokenFields
  /** True if encrypted with an older key or in an older format. */
  isStale(record: StoredRecord): boolean
  reseal(account: string, record: StoredRecord): TokenFields
}

const slots = ['c', 'c-', 'c~'] as const
type AccountSlot = (typeof slots)[number]

/** The encrypted tokens in an account's record: `c` current, `c-` previous, `c~` sibling, `f` fingerprints of refresh tokens. */
export function createAccountTokens({
  sealed,
  fingerprint,
  newerForms,
}: AccountTokensOptions): AccountTokens {
  const staleSlots = ({ fields }: StoredRecord) =>
    slots.filter((slot) => fields[slot] !== undefined && sealed.isStale(fields[slot]))

  const opened = new WeakMap<StoredRecord, TokenPair>()

  function openSlot(account: string, record: StoredRecord, slot: AccountSlot): OpenedTokens | null {
    const text = record.fields[slot]
    if (text === undefined) return null
    const known = slot === 'c' ? opened.get(record) : undefined
    if (known !== undefined) return { text, tokens: known }
    const exact = slot === 'c' ? { generation: record.generation } : {}
    const open = () => sealed.open(text, { account, slot, ...exact })
    const tokens = newerForms.reading({ kind: 'account', id: account }, record, open)
    if (slot === 'c') opened.set(record, tokens)
    return { text, tokens }
  }

  const openCurrent = (account: string, record: StoredRecord) =>
    openSlot(account, record, 'c')?.tokens ?? null

  function addFingerprint(
    account: string,
    { fields }: StoredRecord,
    { token, fromOutside }: { token: Secret | undefined; fromOutside: boolean },
  ): string | null {
    if (token === undefined) return fields.f ?? null
    return tokenMarks.add(fields.f, { mark: fingerprint({ account, token }), fromOutside })
  }

  return {
    openCurrent,
    open: (account, record, spend) => openSlot(account, record, slotOf[spend]),
    remember(record, { text, tokens }) {
      if (record.fields.c === text) opened.set(record, tokens)
    },
    store({ id: account, record, after }, { generation, newGrant, resource }, tokens) {
      const current = openCurrent(account, record)
      const kept = newGrant ? null : current
      // RFC 6749 §6: without a new refresh token the old one stays valid.
      const refreshToken = tokens.refreshToken ?? kept?.refreshToken
      const rotated = tokens.refreshToken !== undefined && !newGrant
      const accessToken = resource === null ? tokens.accessToken : kept?.accessToken
      const resources = resourcesAfter(after.context, kept, { resource, accessToken: tokens.accessToken })
      const place = placeAfter(tokens.place, kept?.place)
      const previous =
        rotated && current !== null ? { refreshToken: current.refreshToken, place: current.place } : null
      const next = { accessToken, refreshToken, resources, place }
      const c = sealed.seal(next, { account, generation, slot: 'c' })
      const fields = {
        c,
        'c-': previous && sealed.seal(previous, { account, generation, slot: 'c-' }),
        'c~': null,
        f: addFingerprint(account, record, {
          token: grantToken(after.context, tokens),
          fromOutside: newGrant,
        }),
      }
      return { fields, current: { text: c, tokens: next } }
    },
    keepSibling({ id: account, record, after }, tokens) {
      if (tokens === undefined) return {}
      const { generation } = after.context
      return {
        'c~': sealed.seal(tokens, { account, generation, slot: 'c~' }),
        f: addFingerprint(account, record, { token: tokens.refreshToken, fromOutside: false }),
      }
    },
    isStale: (record) => staleSlots(record).length > 0,
    reseal(account, record) {
      const { generation, fields } = record
      return Object.fromEntries(
        staleSlots(record).map((slot) => {
          const exact = slot === 'c' ? { generation } : {}
          const tokens = sealed.open(fields[slot] as string, { account, slot, ...exact })
          return [slot, sealed.seal(tokens, { account, generation, slot })]
        }),
      )
    },
  }
}

/** The new token that sustains the grant. */
function grantToken(
  { refreshable, refreshWith }: AccountContext,
  { refreshToken, accessToken }: TokenPair,
): Secret | undefined {
  const alone = !refreshable || refreshWith === 'access_token'
  return refreshToken ?? (alone ? accessToken : undefined)
}

/** The second access tokens still in use, including the new one. */
function resourcesAfter(
  { resources }: AccountContext,
  kept: TokenPair | null,
  { resource, accessToken }: { resource: string | null; accessToken: Secret | undefined },
): Record<string, Secret> {
  const came = resource === null || accessToken === undefined ? {} : { [resource]: accessToken }
  const known = new Set(resources.map(({ key }) => key))
  return Object.fromEntries(Object.entries({ ...kept?.resources, ...came }).filter(([key]) => known.has(key)))
}

/**
 * The revocation origin is fixed when the grant is put; a refresh does not change it. A refresh at a separate endpoint does
 * not change the token endpoint either.
 */
function placeAfter(place: GrantPlace | undefined, kept: GrantPlace | undefined): GrantPlace | undefined {
  if (place === undefined || kept === undefined) return place ?? kept
  const tokenEndpoint = place.tokenEndpoint ?? kept.tokenEndpoint
  const revocationOrigin = kept.revocationOrigin ?? place.revocationOrigin
  return {
    ...place,
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    ...(revocationOrigin !== undefined && { revocationOrigin }),
  }
}
