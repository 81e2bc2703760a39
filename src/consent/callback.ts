import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { App, Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { fillParams, paramsFromCallback } from '../provider/url-params.ts'
import type { PendingConsents } from '../redis/pending-consents.ts'
import { adminConsentUrl, isAdminsConsent } from './admin-consent.ts'
import { browserCookie, hasCookie } from './browser-cookie.ts'
import type { Called, Outcome } from './connect-account.ts'
import { redeemsAt } from './consent-app.ts'
import { type ConsentEnd, turnedDown } from './consent-end.ts'
import type { ConsentReports } from './consent-reports.ts'
import { declinedIn } from './problem-of-refusal.ts'
import { type Ended, fromPending, type PendingConsent, toPending } from './tickets.ts'

export interface CallbackOptions {
  readonly pending: PendingConsents
  readonly apps: Pick<Apps, 'look'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Pick<Timers, 'delay'>
  readonly redirectUri: () => string
  readonly reports: Pick<ConsentReports, 'finished'>
  connect(called: Called): Promise<Outcome>
}

export interface Callback {
  readonly url: URL
  /** The cookies of the browser. */
  readonly cookies: string | undefined
}

export const ticketSchema = z.string().regex(/^[\w-]{43}$/)
/** Parameters per callback that are looked up as tickets. */
const maxTickets = 3
const rememberedFor = { seconds: 600 }
/** Longer than redeeming a code takes: after this the node that claimed the ticket must have crashed. */
const underWayFor = 60_000
const pollInterval = 250

/**
 * Handles a callback, which the browser may send twice (a reload, a double click). The code is redeemed once, and every
 * request gets the same result.
 */
export function createCallback(options: CallbackOptions) {
  const { pending, apps, clock, timers, connect, reports, redirectUri } = options
  const redeeming = new Set<Promise<ConsentEnd>>()

  /** Only the ticket identifies the consent; a provider may return it under another parameter name. */
  async function ticketIn({ searchParams }: URL): Promise<string | null> {
    const state = ticketSchema.safeParse(searchParams.get('state'))
    if (state.success) return state.data
    const others = [...searchParams].filter(([, value]) => ticketSchema.safeParse(value).success)
    for (const [name, value] of others.slice(0, maxTickets)) {
      const found = await pending.look(value)
      const { config } = await apps.look((found && fromPending(found).app) ?? '')
      if (config?.parameterNames?.state === name) return value
    }
    return null
  }

  /** False if another request has claimed it. */
  async function claim({ ticket, waiting: { ended: seen } }: Arrived): Promise<boolean> {
    const taken = await pending.update(ticket, (known) => {
      const { ended, ...waiting } = fromPending(known)
      const isAsSeen = JSON.stringify(ended) === JSON.stringify(seen)
      return isAsSeen ? toPending({ ...waiting, ended: { kind: 'under-way', at: clock.now() } }) : null
    })
    return taken !== null
  }

  async function remember(ticket: string, waiting: PendingConsent, ended: Ended): Promise<void> {
    const after = toPending({ ...waiting, ended })
    if (ended.kind === 'connected') return pending.put(ticket, after, rememberedFor)
    await pending.update(ticket, () => after)
  }

  async function settle({ ticket, waiting, url }: Arrived): Promise<ConsentEnd> {
    let outcome: Outcome = { kind: 'turned-down', problem: 'not_stored' }
    let app: App | undefined
    try {
      app = await apps.look(waiting.app ?? '')
      outcome = await outcomeOf({ ticket, waiting, url }, app)
    } finally {
      await remember(ticket, waiting, endedWith(outcome, url))
    }
    const { problem = null, providerError } = outcome.kind === 'connected' ? {} : outcome
    await reports.finished({ app, account: waiting.account, problem, providerError })
    return endOf(endedWith(outcome, url), { ticket, waiting, url }) as ConsentEnd
  }

  async function outcomeOf(arrived: Arrived, app: App): Promise<Outcome> {
    const { config } = app
    if (config === null) return { kind: 'turned-down', problem: 'unknown_app' }
    if (config.enabled === false) return { kind: 'turned-down', problem: 'app_disabled' }
    const outcome = await declinedOr(arrived, { ...app, config })
    if (outcome.kind === 'connected') return outcome
    const { ticket } = arrived
    const isForAdmin = outcome.problem === 'admin_consent_required'
    const adminUrl = isForAdmin ? adminConsentUrl({ config, redirectUri: redirectUri(), ticket }) : undefined
    const said = 'providerError' in outcome ? outcome.providerError?.error : undefined
    const values = { ...(said !== undefined && { word: said }), ...outcome.values }
    return { ...outcome, values, ...(adminUrl !== undefined && { adminUrl }) }
  }

  async function declinedOr({ ticket, waiting, url }: Arrived, app: Called['app']): Promise<Outcome> {
    const declined = declinedIn(url)
    if (declined !== undefined) {
      const { problem, ...said } = declined
      return { kind: 'turned-down', problem, providerError: { status: null, ...said } }
    }
    const params = paramsFromCallback(app.config, waiting.params ?? {}, url)
    const filled = fillParams(app.config, params)
    if (!filled.ok || isElsewhere(waiting, filled.value))
      return { kind: 'turned-down', problem: 'callback_rejected' }
    const called = { waiting: { ...waiting, params }, callbackUrl: url, ticket }
    return connect({ ...called, app: { ...app, config: filled.value } })
  }

  /** Null while another request is processing it. */
  async function settled(arrived: Arrived): Promise<ConsentEnd | null> {
    const { ended } = arrived.waiting
    const known = ended && endOf(ended, arrived)
    if (known) return known
    const isUnderWay = ended?.kind === 'under-way' && clock.now() - ended.at < underWayFor
    if (isUnderWay || !(await claim(arrived))) return null
    const settling = settle(arrived)
    redeeming.add(settling)
    return settling.finally(() => redeeming.delete(settling))
  }

  async function answer(arrived: Arrived, cookies: string | undefined): Promise<ConsentEnd | null> {
    const { ticket, waiting, url } = arrived
    const isSameBrowser = hasCookie(browserCookie(ticket, waiting), cookies)
    const { config } = await apps.look(waiting.app ?? '')
    if (config !== null && isAdminsConsent(url, config)) return { kind: 'agreed', ticket, isSameBrowser }
    // The code is not used, so the browser that started the consent can still finish it.
    return isSameBrowser ? settled(arrived) : turnedDown('other_browser', { ticket })
  }

  async function finish({ url, cookies }: Callback): Promise<ConsentEnd> {
    const ticket = await ticketIn(url)
    if (ticket === null) return turnedDown('unknown_request')
    for (let waited = 0; waited <= underWayFor; waited += pollInterval) {
      const found = await pending.look(ticket)
      if (found === null) return turnedDown('unknown_request')
      const end = await answer({ ticket, waiting: fromPending(found), url }, cookies)
      if (end !== null) return end
      await timers.delay(pollInterval)
    }
    return turnedDown('under_way')
  }

  return {
    finish,
    /** Waits for codes that are being redeemed, because each can be used once. */
    async stop() {
      while (redeeming.size > 0) await Promise.allSettled(redeeming)
    },
  }
}

interface Arrived {
  readonly ticket: string
  readonly waiting: PendingConsent
  readonly url: URL
}

const digestOf = ({ search }: URL) => createHash('sha256').update(search).digest('base64url')

function endedWith(outcome: Outcome, url: URL): Ended {
  if (outcome.kind === 'connected') return outcome
  const { kind, problem, values = {}, adminUrl } = outcome
  return { kind, problem, values, adminUrl, callback: digestOf(url) }
}

/** The known result for this callback; null if it has to be processed. */
function endOf(ended: Ended, { ticket, waiting, url }: Arrived): ConsentEnd | null {
  if (ended.kind === 'connected') return ended
  if (ended.kind === 'under-way' || ended.callback !== digestOf(url)) return null
  const { problem, values, adminUrl } = ended
  return turnedDown(problem, { asked: waiting, ticket, values, adminUrl })
}

/**
 * A code with its verifier is as powerful as a grant, so it is sent only to the endpoint of the app at the time of the
 * request.
 */
function isElsewhere({ redeemsAt: bound }: PendingConsent, config: AppConfig): boolean {
  return bound !== undefined && bound !== redeemsAt(config)
}
