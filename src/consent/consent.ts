import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Accounts } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { createAppBinding } from '../admin/app-binding.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { Secret } from '../common/secret.ts'
import type { Timers } from '../common/timers.ts'
import type { AccountView } from '../contract/account.ts'
import type { AppView } from '../contract/app.ts'
import { type Failure, ok, type Result } from '../contract/failures.ts'
import type { Bound } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { consentScopes } from '../provider/identity.ts'
import type { Provider } from '../provider/provider.ts'
import type { Params } from '../provider/url-params.ts'
import { type BrowserCookie, browserCookie, hasCookie } from './browser-cookie.ts'
import { type Callback, createCallback, ticketSchema } from './callback.ts'
import { createConnectAccount } from './connect-account.ts'
import { consentApp, redeemsAt } from './consent-app.ts'
import { type ConsentEnd, turnedDown } from './consent-end.ts'
import { type ConsentReportsOptions, createConsentReports } from './consent-reports.ts'
import type { ConsentProblem } from './problems.ts'
import type { RedirectUrls } from './redirect-urls.ts'
import { fromPending, type PendingConsent, type TicketsOptions, toPending } from './tickets.ts'

/** A request for consent: the account, and the URL to redirect to afterwards. */
export interface ConsentRequest {
  /** Null for a new account, whose id is created at the end. */
  readonly account: string | null
  /** Undefined lets the user choose. */
  readonly app?: string | undefined
  readonly name?: string | undefined
  /** The mailbox, or the user expected to sign in. */
  readonly email?: string | undefined
  /** The address of the user who must sign in. */
  readonly expectedEmail?: string | undefined
  /** The account may be connected to another user than before. */
  readonly allowOtherUser?: boolean | undefined
  /** Values for the placeholders in the app's URLs. */
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly redirectUrl: string
  /** Seconds for which the link is valid. */
  readonly ttl?: number | undefined
  /** The caller, whose permissions limit what can be connected. */
  readonly by: Bound
}

/** The next step: redirect to the provider, choose an app, or an error page. */
export type ConsentStart =
  | { readonly kind: 'go'; readonly location: string; readonly cookie: BrowserCookie }
  | {
      readonly kind: 'choose'
      readonly apps: readonly (Pick<AppView, 'app' | 'provider'> & Brand)[]
    }
  | ConsentEnd

export interface ConsentOptions extends TicketsOptions, Omit<ConsentReportsOptions, 'apps'> {
  readonly tokenbus: Pick<Tokenbus, 'getAccount' | 'putAccount' | 'patchAccount' | 'listApps'>
  readonly apps: Pick<Apps, 'look' | 'report'>
  readonly accounts: Pick<Accounts, 'load'>
  readonly provider: Pick<Provider, 'authorizationUrl' | 'redeemCode'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Pick<Timers, 'delay'>
  readonly redirectUrls: RedirectUrls
  /** The base URL of the pages, without a trailing slash. */
  readonly publicUrl: () => string
}

export interface Consent {
  /** The address to send the user to. */
  begin(wish: ConsentRequest): Promise<Result<{ url: string }>>
  /** The user has opened the link. `app`: the app they chose, if there is a choice. */
  proceed(visit: { ticket: unknown; app: unknown; cookies: string | undefined }): Promise<ConsentStart>
  /** Handles the provider's redirect. Nothing is stored unless all checks pass. */
  finish(callback: Callback): Promise<ConsentEnd>
  /** Null if there is no such app. */
  brandOf(app: string): Promise<Brand | null>
  /** Waits for the consents that are being stored. */
  stop(): Promise<void>
}

/** How users know an app. */
export interface Brand {
  readonly name: string
  readonly logoUrl?: string | undefined
}

/** As in EmailEngine: links are sent by e-mail, and may be opened a day later. */
const usualLife = 86_400
/** The callback URL to register at providers. */
export const redirectUriOf = (publicUrl: string) => `${publicUrl}/oauth`
const random = () => randomBytes(32).toString('base64url')

/**
 * The authorization code grant in the user's browser (RFC 6749 §4.1, PKCE RFC 7636). Each consent is for one account,
 * and identified by an unguessable ticket, which is also its `state`, can be used once, and expires after a day.
 */
export function createConsent(options: ConsentOptions): Consent {
  const { tokenbus, apps, provider, redirectUrls, publicUrl, pending } = options
  const binding = createAppBinding(options)
  const redirectUri = () => redirectUriOf(publicUrl())
  const reports = createConsentReports(options)
  const connect = createConnectAccount({ ...options, redirectUri, reports })
  const { finish, stop } = createCallback({ ...options, redirectUri, reports, connect })

  async function goTo(ticket: string, waiting: PendingConsent, config: AppConfig): Promise<ConsentStart> {
    const { nonce, codeVerifier, loginHint, chooseAccount } = waiting
    const page = await provider.authorizationUrl({
      config,
      redirectUri: redirectUri(),
      state: ticket,
      codeVerifier: codeVerifier.reveal(),
      ...(consentScopes(config).includes('openid') && { nonce }),
      ...(loginHint !== undefined && { loginHint }),
      chooseAccount,
    })
    if (page.ok) return { kind: 'go', location: page.value, cookie: browserCookie(ticket, waiting) }
    return turnedDown('provider_unavailable', { asked: waiting, ticket })
  }

  async function brandOf(app: string): Promise<Brand | null> {
    const { config } = await apps.look(app)
    return config && { name: config.name ?? app, logoUrl: config.logoUrl }
  }

  const branded = async ({ app, provider: from }: AppView) => ({
    app,
    provider: from,
    ...((await brandOf(app)) ?? { name: app }),
  })

  async function appsToChoose() {
    const listed = await tokenbus.listApps()
    const all = listed.ok ? listed.value.apps : []
    return all.filter(({ grant, enabled }) => grant === 'authorization_code' && enabled)
  }

  /**
   * Binds the ticket to this app at its current endpoints. After a failure everything is generated again, because the
   * code may already have been used.
   */
  async function bind(ticket: string, to: { app: string; redeemsAt: string | undefined }) {
    const bound = await pending.update(ticket, (known) => {
      const { ended, ...waiting } = fromPending(known)
      if (ended?.kind !== 'turned-down') return toPending({ ...waiting, ...to, ended })
      const secrets = { nonce: random(), codeVerifier: new Secret(random()) }
      const chooseAccount = waiting.chooseAccount || ended.problem === 'identity_mismatch'
      return toPending({ ...waiting, ...to, ...secrets, chooseAccount, ended: undefined })
    })
    return bound && fromPending(bound)
  }

  async function goOn(ticket: string, waiting: PendingConsent, app: string): Promise<ConsentStart> {
    const config = await asksConsent(app, waiting.params)
    if (!config.ok) return turnedDown(notAsked(config.failure), { asked: waiting })
    const bound = await bind(ticket, { app, redeemsAt: redeemsAt(config.value) })
    return bound === null ? turnedDown('unknown_request') : goTo(ticket, bound, config.value)
  }

  async function knownAccount(account: string | null): Promise<AccountView | undefined> {
    const known = account === null ? undefined : await tokenbus.getAccount(account)
    return known?.ok ? known.value : undefined
  }

  const asksConsent = (app: string, params: Params | undefined) =>
    consentApp({ apps, app, params, field: 'type' })

  return {
    async begin({ account, app, params: said, redirectUrl, ttl = usualLife, by, ...wish }) {
      const back = redirectUrls.check(redirectUrl)
      if (!back.ok) return back
      const bound = account === null ? undefined : await binding.of(account, by)
      if (bound?.ok === false) return bound
      const known = await knownAccount(account)
      // To reconnect an account, its stored parameters are used.
      const params = said ?? (known?.app === app ? known?.params : undefined)
      const wanted = app === undefined ? undefined : await asksConsent(app, params)
      if (wanted?.ok === false) return wanted
      const ticket = random()
      const details = {
        ...expectedUser(wish, known),
        account,
        app,
        params,
        apps: by.apps,
        redeemsAt: wanted && redeemsAt(wanted.value),
        redirectUrl: back.value.href,
        chooseAccount: false,
        nonce: random(),
        ended: undefined,
      }
      await pending.put(ticket, toPending({ ...details, codeVerifier: new Secret(random()) }), {
        seconds: ttl,
      })
      return ok({ url: `${publicUrl()}/oauth/start?ticket=${ticket}` })
    },

    async proceed({ ticket: said, app: chosen, cookies }) {
      const ticket = ticketSchema.safeParse(said).data
      const found = ticket === undefined ? null : await pending.look(ticket)
      if (ticket === undefined || found === null) return turnedDown('unknown_request')
      const waiting = fromPending(found)
      if (waiting.ended?.kind === 'connected') {
        const isSameBrowser = hasCookie(browserCookie(ticket, waiting), cookies)
        return isSameBrowser ? waiting.ended : turnedDown('unknown_request')
      }
      const wanted = waiting.app ?? z.string().safeParse(chosen).data
      if (wanted !== undefined) return goOn(ticket, waiting, wanted)
      const choice = await appsToChoose()
      if (choice.length !== 1) return { kind: 'choose', apps: await Promise.all(choice.map(branded)) }
      return goOn(ticket, waiting, choice[0]?.app as string)
    },

    finish,
    brandOf,
    stop,
  }
}

function notAsked({ error }: Failure): ConsentProblem {
  return error === 'app_disabled' ? error : 'unknown_app'
}

type Person = Pick<ConsentRequest, 'name' | 'email' | 'expectedEmail' | 'allowOtherUser'>

function expectedUser({ name, expectedEmail, allowOtherUser = false, ...wish }: Person, known?: AccountView) {
  const email = wish.email || undefined
  return { name, email, expectedEmail, allowOtherUser, loginHint: expectedEmail ?? email ?? addressOf(known) }
}

/** The `login_hint`: the account's known address. */
function addressOf(known: AccountView | undefined): string | undefined {
  const address = known?.signedInAs ?? known?.user
  return address?.includes('@') ? address : undefined
}
