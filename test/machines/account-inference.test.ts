import { expect, it } from 'vitest'
import type { AccountEvent, AccountSettings } from '../../machines/index.ts'
import {
  authorized,
  day,
  hour,
  refreshFailed,
  refreshSucceeded,
  start,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, attempt } from '../support/account-given.ts'

interface Lived {
  readonly settings?: Partial<AccountSettings>
  /** Days after the consent: of its one refresh, and of the refusal. */
  readonly refreshed?: number
  readonly refused: number
  /** The refresh token's lifetime in the token response, in days. */
  readonly told?: number
  readonly is: { reason: string; inferred?: true }
}

const testing = { testingLifeMs: 7 * day }
const idle = { idleLimitMs: 180 * day }
const consent = { outlived: 'consent_expired' } as const
const nothing = { reason: 'grant_revoked' }
const guess = (reason: string) => ({ reason, inferred: true as const })

it.each<Lived>([
  { refused: 400, is: nothing },
  { settings: testing, refused: 6.5, is: nothing },
  { settings: testing, refused: 7, is: guess('testing_mode_expired') },
  { settings: { ...testing, ...idle }, refreshed: 6, refused: 7, is: guess('testing_mode_expired') },
  { settings: testing, refreshed: 30, refused: 31, is: nothing },
  {
    settings: { ...testing, ...consent },
    refreshed: 1,
    told: 6,
    refused: 7,
    is: guess('testing_mode_expired'),
  },
  { settings: idle, refused: 179, is: nothing },
  { settings: idle, refused: 180, is: guess('inactive') },
  { settings: idle, refreshed: 100, refused: 200, is: nothing },
  { settings: consent, refreshed: 1, told: 6, refused: 6.9, is: nothing },
  { settings: consent, refreshed: 1, told: 6, refused: 7, is: guess('consent_expired') },
  { settings: { ...consent, ...idle }, refreshed: 1, told: 6, refused: 400, is: guess('consent_expired') },
  { settings: {}, refreshed: 1, told: 6, refused: 7, is: guess('inactive') },
])('the probable reason of a grant’s end: %o', ({ settings = {}, refreshed, refused, told, is }) => {
  const at = (days: number) => start + days * day
  const asked = (days: number) => tokenRequested({ at: at(days), id: attempt, force: true })
  const life: AccountEvent[] = [authorized({ with: { rotation: 'none', ...settings } })]
  if (refreshed !== undefined) {
    const refreshTokenExpiresIn = told === undefined ? null : told * day
    const answer = { at: at(refreshed), attempt, rotated: false, expiresIn: hour, refreshTokenExpiresIn }
    life.push(asked(refreshed), refreshSucceeded(answer))
  }
  const baseGeneration = refreshed === undefined ? 1 : 2
  const refusal = refreshFailed({ at: at(refused), baseGeneration, class: 'R', reason: 'grant_revoked' })
  const { effects } = account(...life, asked(refused)).when(refusal)
  expect(effects).toEqual([expect.objectContaining({ type: 'token.invalid', class: 'A', ...is })])
  expect('inferred' in (effects[0] as object)).toBe(is.inferred ?? false)
})
