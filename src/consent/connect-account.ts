import { createHash, randomUUID } from 'node:crypto'
import type { App } from '../actors/app-actor.ts'
import { isSecretRefused } from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { AccountPutView } from '../contract/account.ts'
import { ok } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import type { ProviderError } from '../provider/classified.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf } from '../provider/grant-place.ts'
import { consentScopes } from '../provider/identity.ts'
import type { Provider } from '../provider/provider.ts'
import type { Params } from '../provider/url-params.ts'
import { chooseSecret } from '../refresh/secret-selection.ts'
import type { ConsentReports } from './consent-reports.ts'
import type { ConsentProblem } from './problems.ts'
import { type GrantRead, readGrant, withoutCode } from './read-grant.ts'
import type { PendingConsent } from './tickets.ts'

export interface ConnectAccountOptions {
  readonly tokenbus: Pick<Tokenbus, 'patchAccount' | 'putAccount'>
  readonly provider: Pick<Provider, 'redeemCode'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly redirectUri: () => string
  readonly reports: Pick<ConsentReports, 'exchanged'>
}

export interface Called {
  readonly waiting: PendingConsent
  readonly app: App & { readonly config: AppConfig }
  readonly callbackUrl: URL
  readonly ticket: string
}

export type Outcome =
  | { readonly kind: 'connected'; readonly location: string }
  | {
      readonly kind: 'turned-down'
      readonly problem: ConsentProblem
      readonly values?: Readonly<Record<string, string>>
      readonly adminUrl?: string
      /** The provider's error. */
      readonly providerError?: ProviderError
    }

interface Granted extends Called {
  readonly account: string
  readonly grant: Extract<GrantRead, { kind: 'grant' }>
  /** The name of the user who signed in. */
  readonly name: string | undefined
}

const turnedDown = (problem: ConsentProblem, values?: Readonly<Record<string, string>>): Outcome => ({
  kind: 'turned-down',
  problem,
  ...(values && { values }),
})

/** Redeems a code and stores the grant in the account; if that fails, the account is unchanged. */
export function createConnectAccount(options: ConnectAccountOptions) {
  const { tokenbus, provider, clock, redirectUri, reports } = options

  /** A refused secret leaves the code unused, so it is sent again with the next secret. */
  async function redeem(called: Called): Promise<{ answer: CodeAnswer; sentAt: number }> {
    const { waiting, app, callbackUrl, ticket } = called
    const id = createHash('sha256').update(`consent ${ticket}`).digest('base64url')
    const tried: string[] = []
    for (;;) {
      const client = chooseSecret(app, tried)
      // Measured before sending, so that the lifetime is never overestimated.
      const sentAt = clock.now()
      const answer = await provider.redeemCode({
        config: app.config,
        ...(client && { clientSecret: client.secret }),
        callbackUrl,
        redirectUri: redirectUri(),
        state: ticket,
        codeVerifier: waiting.codeVerifier.reveal(),
        ...(consentScopes(app.config).includes('openid') && { nonce: waiting.nonce }),
      })
      const isRefused = client && answer.kind === 'refused' && isSecretRefused(answer.refusal)
      if (isRefused) tried.push(client.id)
      if (isRefused && chooseSecret(app, tried) !== undefined) continue
      await reports.exchanged({ app, answer, client, tried, sentAt, id })
      return { answer, sentAt }
    }
  }

  async function withoutGrant(account: string, waiting: PendingConsent, config: AppConfig): Promise<Outcome> {
    const put = { ...withoutCode(account, waiting, config), ...paramsIn(waiting, config) }
    const stored = await tokenbus.putAccount(account, put, { by: { apps: waiting.apps } })
    if (!stored.ok) return turnedDown('not_stored')
    return { kind: 'connected', location: locationOf(waiting, account, stored.value) }
  }

  async function store({ waiting, app: { config }, account, grant, name: now }: Granted): Promise<Outcome> {
    const { consented, reached } = grant
    const { expectedEmail, allowOtherUser } = waiting
    const who = now === undefined ? {} : { now }
    if (expectedEmail !== undefined && !isOneOf(consented.addresses, expectedEmail))
      return turnedDown('identity_mismatch', { known: expectedEmail, ...who })
    const put = await tokenbus.patchAccount(
      account,
      (known) => ok({ ...grant.put(known), ...paramsIn(waiting, config), allowOtherUser }),
      { place: placeOf(config, reached), by: { apps: waiting.apps }, consented },
    )
    if (put.ok) return { kind: 'connected', location: locationOf(waiting, account, put.value) }
    const { reason, user = '' } = put.failure
    if (reason === 'identity_mismatch') return turnedDown('identity_mismatch', { known: user, ...who })
    return turnedDown(reason === 'no_refresh_token' ? 'no_refresh_token' : 'not_stored')
  }

  return async (called: Called): Promise<Outcome> => {
    const { waiting, app } = called
    const { config } = app
    const { name, email } = waiting
    const account = waiting.account ?? randomUUID()
    if (!spendsRefreshToken(config)) return withoutGrant(account, waiting, config)
    const { answer, sentAt } = await redeem(called)
    const grant = readGrant({ account, name, email, config, answer, sentAt })
    if (grant.kind === 'none') {
      const { problem, values = {}, refusal } = grant
      return {
        kind: 'turned-down',
        problem,
        values,
        ...(refusal && { providerError: refusal.providerError }),
      }
    }
    return store({
      ...called,
      account,
      grant,
      name: answer.kind === 'tokens' ? answer.signedIn?.name : undefined,
    })
  }
}

function isOneOf(addresses: readonly string[], address: string): boolean {
  return addresses.some((each) => each.toLowerCase() === address.toLowerCase())
}

function locationOf(
  { redirectUrl }: PendingConsent,
  account: string,
  { created, extra }: Pick<AccountPutView, 'created' | 'extra'>,
): string {
  const location = new URL(redirectUrl)
  location.searchParams.set('account', account)
  location.searchParams.set('state', created ? 'new' : 'existing')
  if (extra !== undefined) location.searchParams.set('extra', JSON.stringify(extra))
  return location.href
}

/** Empty for apps without URL parameters. */
function paramsIn({ params }: PendingConsent, { urlParams }: AppConfig): { params?: Params } {
  return params === undefined || urlParams === undefined ? {} : { params }
}
