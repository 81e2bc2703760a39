import { z } from 'zod'
import type { RefreshSucceeded } from '../../machines/index.ts'
import type { SealedTokens, TokenPair } from '../actors/sealed-tokens.ts'

/** A provider's answer to a used refresh token. Losing it may end the whole grant. */
export interface Answer extends Omit<RefreshSucceeded, 'type' | 'at' | 'id' | 'rotated'> {
  readonly account: string
  readonly tokens: TokenPair
}

const scopes = z.array(z.string()).readonly()
const sealedSchema = z.object({
  account: z.string(),
  attempt: z.string(),
  grantId: z.string(),
  baseGeneration: z.number(),
  startedAt: z.number(),
  expiresIn: z.number().nullable(),
  refreshTokenExpiresIn: z.number().nullable(),
  scopes: scopes.nullable(),
  scopesCut: z.literal(true).optional(),
  /** Absent in answers spooled by versions without second tokens. */
  resource: z.object({ key: z.string(), scopes }).nullable().default(null),
  sealed: z.string(),
})

/** An answer with encrypted tokens. */
export type SealedAnswer = z.infer<typeof sealedSchema>

export const parseSealedAnswer = (text: string): SealedAnswer => sealedSchema.parse(JSON.parse(text))

export function sealAnswer(sealed: SealedTokens, { tokens, ...answer }: Answer): SealedAnswer {
  const { account, baseGeneration: generation } = answer
  return { ...answer, sealed: sealed.seal(tokens, { account, generation, slot: 'spool' }) }
}

/** Throws `SealError`. */
export function openAnswer(sealed: SealedTokens, { sealed: text, ...answer }: SealedAnswer): Answer {
  const { account, baseGeneration: generation } = answer
  return { ...answer, tokens: sealed.open(text, { account, generation, slot: 'spool' }) }
}
