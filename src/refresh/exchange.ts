import { never } from '../../machines/index.ts'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { expiryText } from '../contract/expiry.ts'
import { accountNotFound, appDisabled, appNotFound, type Failed, fail, ok } from '../contract/failures.ts'
import type { TokenReply, TokenWant } from '../contract/token.ts'
import type { TokenResult } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { exchangesSubjectTokens } from '../provider/grant-forms.ts'
import type { Provider } from '../provider/provider.ts'
import type { Tokens } from '../provider/token-answer.ts'
import { fillParams } from '../provider/url-params.ts'
import type { Attempts } from './attempts.ts'
import { chooseSecret } from './secret-selection.ts'

export type Subject = TokenWant & { readonly subjectToken: NonNullable<TokenWant['subjectToken']> }

export interface ExchangeOptions {
  readonly accounts: Pick<Accounts, 'load'>
  readonly apps: Pick<Apps, 'look'>
  readonly attempts: Pick<Attempts, 'acquireSlot'>
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly clock: Pick<ClusterClock, 'now'>
}

export type Exchange = (account: string, want: Subject) => Promise<TokenResult>

/** Plain callers give up after 5 s. */
const timing = { connectMs: 1_500, answerMs: 4_000 }
const slotTimeout = 1_000
const encoder = new TextEncoder()

/**
 * Token exchange (RFC 8693): the caller's token for one of the account's provider. Nothing is stored or cached, so every call
 * is a request to the provider.
 */
export function createExchange({ accounts, apps, attempts, provider, clock }: ExchangeOptions): Exchange {
  async function send(app: App, config: AppConfig, user: string, want: Subject) {
    const tried: string[] = []
    for (;;) {
      const client: ClientSecret | undefined = chooseSecret(app, tried)
      const answer = await provider.refreshToken({
        config,
        ...(client && { clientSecret: client.secret }),
        user,
        refreshToken: want.subjectToken,
        ...(want.subjectTokenType && { subjectTokenType: want.subjectTokenType }),
        ...(want.scopes && { scopes: want.scopes }),
        timing,
      })
      if (answer.kind === 'tokens' || answer.refusal.class !== 'P' || client === undefined) return answer
      tried.push(client.id)
      if (chooseSecret(app, tried) === undefined) return answer
    }
  }

  return async (account, want) => {
    const loaded = await accounts.load(account)
    const { context } = loaded.snapshot
    if (context.grantId === null) return accountNotFound(account)
    if (context.invalid !== null) {
      const { reason, action, recoverable } = context.invalid
      return fail('grant_revoked', 'the account has ended', {
        account,
        state: 'revoked',
        reason,
        action,
        recoverable,
      })
    }
    const app = await apps.look(context.app)
    if (app.config?.enabled === false) return appDisabled({ account })
    const usable = usableFor(app, loaded)
    if (!usable.ok) return usable
    const wait = app.context.throttledUntil - clock.now()
    const release = wait > 0 ? null : await attempts.acquireSlot(app, slotTimeout)
    if (release === null) return busy(account, Math.max(wait, slotTimeout))
    try {
      const startedAt = clock.now()
      const answer = await send(app, usable.value, context.user, want)
      if (answer.kind === 'refused') return failureOf(account, answer.refusal)
      return ok(
        encoder.encode(JSON.stringify(replyOf(loaded, { account, startedAt, answer, config: usable.value }))),
      )
    } finally {
      release()
    }
  }
}

function usableFor({ config }: App, { snapshot: { context } }: LoadedAccount) {
  if (config === null) return appNotFound()
  if (!exchangesSubjectTokens(config))
    return fail('bad_request', 'subjectToken: not accepted for an account of this app')
  return fillParams(config, context.params)
}

function busy(account: string, wait: number): Failed {
  const retryAfter = Math.ceil(wait / 1_000)
  return fail('provider_unavailable', 'the app is at its request limit; wait for the seconds in retryAfter', {
    account,
    retryAfter,
  })
}

/** A rejected subject token is an error of the caller's request, not of the account. */
function failureOf(
  account: string,
  { class: failureClass, reason, action, providerError, retryAfter }: Refusal,
): Failed {
  if (failureClass === 'P')
    return fail('client_secret_expired', "the provider rejects the app's credentials", {
      account,
      reason,
      action,
    })
  if (failureClass === 'T')
    return fail('provider_unavailable', 'the provider cannot be reached', {
      account,
      reason,
      retryAfter: Math.max(1, Math.ceil(retryAfter ?? 1)),
    })
  return fail('bad_request', 'subjectToken: the provider does not exchange it', {
    account,
    reason: providerError.error,
  })
}

interface Exchanged {
  readonly account: string
  readonly startedAt: number
  readonly answer: Tokens
  readonly config: AppConfig
}

function replyOf({ record, snapshot: { context } }: LoadedAccount, exchanged: Exchanged): TokenReply {
  const { account, startedAt, answer, config } = exchanged
  const life = answer.expiresIn ?? config.tokenLife
  return {
    account,
    user: context.user,
    accessToken: answer.accessToken.reveal(),
    provider: context.provider,
    app: context.app,
    registeredScopes: answer.scopes ?? config.scopes,
    expires: expiryText(life === undefined ? never : Math.round(startedAt + life * 1_000)),
    generation: context.tokenGeneration,
    ...(answer.extra && { extra: answer.extra }),
    version: record.version,
    since: new Date(context.since).toISOString(),
  }
}
