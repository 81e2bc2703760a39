import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Accounts } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import { createAppBinding } from '../admin/app-binding.ts'
import type { AccountPut } from '../contract/account.ts'
import type { AppView } from '../contract/app.ts'
import { ok, type Result } from '../contract/failures.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { Bound } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf } from '../provider/grant-place.ts'
import { consentScopes } from '../provider/identity.ts'
import type { Provider } from '../provider/provider.ts'
import { fillParams, type Params, paramsFromCallback } from '../provider/url-params.ts'
import { chooseSecret } from '../refresh/secret-selection.ts'
import { consentApp, redeemsAt } from './consent-app.ts'
import { type ConsentEnd, declinedIn, turnedDown } from './consent-end.ts'
import { readGrant, withoutCode } from './read-grant.ts'
import type { RedirectUrls } from './redirect-urls.ts'
import { fromPending, type PendingConsent, type TicketsOptions, toPending } from './tickets.ts'

/** Who asks for a person's consent, for which account, and where the browser goes afterwards. */
export interface ConsentWish {
  /** Null: a new one, named at the end. */
  readonly account: string | null
  /** Undefined: the person chooses. */
  readonly app?: string | undefined
  readonly name?: string | undefined
  readonly email?: string | undefined
  /** What fills the app's URLs. */
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly redirectUrl: string
  /** Who asks, and answers for what the person connects. */
  readonly by: Bound
}

/** Where the browser goes next: on to the provider, to a choice between apps, or nowhere. */
export type ConsentStart =
  | { readonly kind: 'go'; readonly location: string }
  | { readonly kind: 'choose'; readonly apps: readonly Pick<AppView, 'app' | 'provider'>[] }
  | ConsentEnd

export interface ConsentOptions extends TicketsOptions {
  readonly tokenbus: Pick<Tokenbus, 'getAccount' | 'putAccount' | 'listApps'>
  readonly apps: Pick<Apps, 'look'>
  readonly accounts: Pick<Accounts, 'load'>
  readonly provider: Pick<Provider, 'authorizationUrl' | 'redeemCode'>
  readonly redirectUrls: RedirectUrls
  /** Base of the pages, without a slash at its end. */
  readonly publicUrl: () => string
}

export interface Consent {
  /** The address to send the user to. */
  begin(wish: ConsentWish): Promise<Result<{ url: string }>>
  /** The user has come. `app` is what they chose, where there is a choice. */
  proceed(visit: { ticket: unknown; app: unknown }): Promise<ConsentStart>
  /** The provider has sent the browser back. Nothing is stored unless everything is as it was asked for. */
  finish(callbackUrl: URL): Promise<ConsentEnd>
}

type Configured = App & { readonly config: AppConfig }

const ticketSchema = z.string().regex(/^[\w-]{43}$/)
/** Of one callback: each is looked for in the storage. */
const mostTickets = 3
/** Where providers send the browser back to: to be registered there. */
export const redirectUriOf = (publicUrl: string) => `${publicUrl}/oauth`
const random = () => randomBytes(32).toString('base64url')

/**
 * The authorization code grant in the user's browser (RFC 6749 §4.1, PKCE RFC 7636): each consent is for one account,
 * known by an unguessable ticket that is also its `state`, good once and for 15 min.
 */
export function createConsent(options: ConsentOptions): Consent {
  const { tokenbus, apps, provider, redirectUrls, publicUrl, pending } = options
  const binding = createAppBinding(options)
  const redirectUri = () => redirectUriOf(publicUrl())

  async function goTo(ticket: string, waiting: PendingConsent, config: AppConfig): Promise<ConsentStart> {
    const { nonce, codeVerifier, email } = waiting
    const page = await provider.authorizationUrl({
      config,
      redirectUri: redirectUri(),
      state: ticket,
      codeVerifier: codeVerifier.reveal(),
      ...(consentScopes(config).includes('openid') && { nonce }),
      ...(email !== undefined && { loginHint: email }),
    })
    if (page.ok) return { kind: 'go', location: page.value }
    return turnedDown('provider_unavailable', waiting)
  }

  async function redeem(waiting: PendingConsent, app: Configured, callbackUrl: URL, state: string) {
    const { config } = app
    const { codeVerifier, nonce, name, email } = waiting
    const account = waiting.account ?? randomUUID()
    if (!spendsRefreshToken(config))
      return store({ waiting, account, config, put: withoutCode(account, waiting, config) })
    const client = chooseSecret(app)
    const answer = await provider.redeemCode({
      config,
      ...(client && { clientSecret: client.secret }),
      callbackUrl,
      redirectUri: redirectUri(),
      state,
      codeVerifier: codeVerifier.reveal(),
      ...(consentScopes(config).includes('openid') && { nonce }),
    })
    const grant = readGrant({ account, name, email, config, answer })
    if (grant.kind === 'none') return turnedDown(grant.problem, waiting, grant.details)
    const place = placeOf(config, grant.reached)
    return store({ waiting, account, config, put: grant.put, place })
  }

  async function store({ waiting, account, config, put, place }: Storing): Promise<ConsentEnd> {
    const whole = { ...put, ...paramsIn(waiting, config) }
    const from = { by: { apps: waiting.apps }, ...(place && { place }) }
    const stored = await tokenbus.putAccount(account, whole, from)
    if (!stored.ok) return turnedDown('not_stored', waiting)
    const location = new URL(waiting.redirectUrl)
    location.searchParams.set('account', account)
    location.searchParams.set('state', stored.value.created ? 'new' : 'existing')
    const { extra } = stored.value
    if (extra !== undefined) location.searchParams.set('extra', JSON.stringify(extra))
    return { kind: 'connected', location: location.href }
  }

  /** Who asked is known by the ticket alone; a provider may send it back under a name of its own. */
  async function ticketIn({ searchParams }: URL): Promise<string | null> {
    const state = ticketSchema.safeParse(searchParams.get('state'))
    if (state.success) return state.data
    const others = [...searchParams].filter(([, value]) => ticketSchema.safeParse(value).success)
    for (const [name, value] of others.slice(0, mostTickets)) {
      const found = await pending.look(value)
      const { config } = await apps.look((found && fromPending(found).app) ?? '')
      if (config?.parameterNames?.state === name) return value
    }
    return null
  }

  async function appsToChoose() {
    const listed = await tokenbus.listApps()
    return (listed.ok ? listed.value.apps : []).filter(({ grant }) => grant === 'authorization_code')
  }

  /** From now on the ticket is for this app, at the place it has now. */
  async function bind(
    ticket: string,
    waiting: PendingConsent,
    to: { app: string; redeemsAt: string | undefined },
  ) {
    if (waiting.app !== undefined && waiting.redeemsAt === to.redeemsAt) return
    const { codeVerifier, ...details } = waiting
    await pending.put(ticket, toPending({ ...details, ...to, codeVerifier: codeVerifier.reveal() }))
  }

  /** Who connects an account again need not say again where its provider is. */
  async function knownParams(account: string | null, app: string | undefined): Promise<Params | undefined> {
    const known = account === null ? undefined : await tokenbus.getAccount(account)
    return known?.ok && known.value.app === app ? known.value.params : undefined
  }

  const asksConsent = (app: string, params: Params | undefined) =>
    consentApp({ apps, app, params, field: 'type' })

  return {
    async begin({ account, app, name, email, params: said, redirectUrl, by }) {
      const back = redirectUrls.check(redirectUrl)
      if (!back.ok) return back
      const bound = account === null ? undefined : await binding.of(account, by)
      if (bound?.ok === false) return bound
      const params = said ?? (await knownParams(account, app))
      const wanted = app === undefined ? undefined : await asksConsent(app, params)
      if (wanted?.ok === false) return wanted
      const ticket = random()
      const details = {
        account,
        app,
        name,
        email,
        params,
        apps: by.apps,
        redeemsAt: wanted && redeemsAt(wanted.value),
        redirectUrl: back.value.href,
        nonce: random(),
      }
      await pending.put(ticket, toPending({ ...details, codeVerifier: random() }))
      return ok({ url: `${publicUrl()}/oauth/start?ticket=${ticket}` })
    },

    async proceed({ ticket, app: chosen }) {
      const known = ticketSchema.safeParse(ticket)
      const found = known.success ? await pending.look(known.data) : null
      if (!known.success || found === null) return turnedDown('unknown_request')
      const waiting = fromPending(found)
      const wanted = waiting.app ?? z.string().safeParse(chosen).data
      if (wanted === undefined) {
        const choice = await appsToChoose()
        if (choice.length !== 1) return { kind: 'choose', apps: choice }
        return this.proceed({ ticket, app: choice[0]?.app })
      }
      const config = await asksConsent(wanted, waiting.params)
      if (!config.ok) return turnedDown('unknown_app', waiting)
      await bind(known.data, waiting, { app: wanted, redeemsAt: redeemsAt(config.value) })
      return goTo(known.data, waiting, config.value)
    },

    async finish(callbackUrl) {
      const ticket = await ticketIn(callbackUrl)
      const found = ticket === null ? null : await pending.take(ticket)
      if (ticket === null || found === null) return turnedDown('unknown_request')
      const asked = fromPending(found)
      const app = await apps.look(asked.app ?? '')
      if (app.config === null) return turnedDown('unknown_app', asked)
      const params = paramsFromCallback(app.config, asked.params ?? {}, callbackUrl)
      const waiting = { ...asked, params }
      const declined = declinedIn(callbackUrl)
      if (declined !== undefined) return turnedDown(declined, waiting)
      const filled = fillParams(app.config, params)
      if (!filled.ok || isElsewhere(waiting, filled.value)) return turnedDown('callback_rejected', waiting)
      return redeem(waiting, { ...app, config: filled.value }, callbackUrl, ticket)
    },
  }
}

interface Storing {
  readonly waiting: PendingConsent
  readonly account: string
  readonly config: AppConfig
  readonly put: AccountPut
  readonly place?: GrantPlace
}

/** A code and its verifier are as good as a grant: they go nowhere but where they were asked for. */
function isElsewhere({ redeemsAt: bound }: PendingConsent, config: AppConfig): boolean {
  return bound !== undefined && bound !== redeemsAt(config)
}

/** None where the app has nothing to fill in. */
function paramsIn({ params }: PendingConsent, { urlParams }: AppConfig): { params?: Params } {
  return params === undefined || urlParams === undefined ? {} : { params }
}
