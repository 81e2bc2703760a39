import { type Attempt, isSuspended, lateAnswerTime, type Spend } from '../../machines/index.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf, tokenOrigins } from '../provider/grant-place.ts'
import { presets } from '../provider/presets.ts'
import type { Provider } from '../provider/provider.ts'
import type { Tokens } from '../provider/token-answer.ts'
import { mostSecrets } from '../schemas.ts'
import type { Timers } from '../timers.ts'
import type { LoadedAccount } from './accounts.ts'
import { refusalOfMoved } from './app-changed.ts'
import { createAppReports, type Disbelieved } from './app-reports.ts'
import { createAppSlots } from './app-slots.ts'
import type { App, Apps } from './apps.ts'
import {
  appsFault,
  type Failure,
  fromRefusal,
  hasTakenClient,
  isLackedByOne,
  unsent,
} from './attempt-failure.ts'
import { chooseSecret } from './choose-secret.ts'
import type { ClusterClock } from './cluster-clock.ts'
import type { Answer } from './held-answers.ts'
import type { SealedTokens, Slot, TokenPair } from './sealed-tokens.ts'

export interface AttemptRequest {
  readonly account: string
  readonly attempt: Attempt
  /** The account as the save of this intent left it: what the answer will meet, unless somebody else saves first. */
  readonly saved: LoadedAccount
}

export interface AttemptsOptions {
  readonly apps: Apps
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly sealed: SealedTokens
  readonly clock: ClusterClock
  readonly timers: Pick<Timers, 'after' | 'elapsed'>
  /** With replicas, resolves false when none has acknowledged the intent: then nothing may be sent. */
  confirmIntent(request: AttemptRequest): Promise<boolean>
  hold(answer: Answer, saved: LoadedAccount): Promise<void>
  /** `alone`: the app is well, and what it lacks it lacks for this account. */
  failed(request: AttemptRequest, failure: Failure, how: { alone: boolean }): Promise<void>
  onEnd?(ended: { request: AttemptRequest; outcome: string; error?: unknown; milliseconds: number }): void
}

/** What an attempt that has not left yet may still be told: that its account has moved on without it. */
interface Ticket {
  readonly version: number
  valid: boolean
}

const slots: Record<Spend, Slot> = { current: 'c', previous: 'c-', sibling: 'c~' }
/** Each secret, the last of them once more, and one that was put meanwhile. */
const mostTries = mostSecrets + 2

export type Attempts = ReturnType<typeof createAttempts>

/** Performs the attempts this node has won, and ends each with exactly one outcome. */
export function createAttempts(options: AttemptsOptions) {
  const { apps, provider, sealed, clock } = options
  const appSlots = createAppSlots(options.timers)
  const reports = createAppReports({ apps, clock, slots: appSlots })
  const underWay = new Set<Promise<void>>()
  const tickets = new Map<string, Ticket>()

  /** Right before sending: is it still time, and does the app allow it? */
  function reasonNotToSend(app: App, attempt: Attempt): Failure | null {
    const { id, sendBy, probe, from } = attempt
    const at = clock.now()
    if (app.config === null) return unsent('C', 'app_not_found', 'put the app back, or delete the account')
    if (at >= sendBy) return unsent('T', 'too_late_to_send', 'wait')
    if (app.state === 'secret-expired' && !(probe && from === 'secret-expired')) return appsFault(app)
    if (at < app.context.throttledUntil)
      return unsent('T', 'throttled', 'wait', app.context.throttledUntil - at)
    if (isSuspended(app.context, { attempt: id, at })) return unsent('T', 'client_in_question', 'wait', 2_000)
    return null
  }

  function openGrant({ account, attempt, saved: { record } }: AttemptRequest): TokenPair {
    const slot = slots[attempt.spend]
    const text = record.fields[slot as 'c']
    if (text === undefined) return {}
    const generation = slot === 'c' ? { generation: attempt.generation } : {}
    return sealed.open(text, { account, slot, ...generation })
  }

  /** Waits its turn, and gives up unsent rather than late. A slot is held as long as the cluster waits. */
  async function run(request: AttemptRequest, ticket: Ticket): Promise<string> {
    const { attempt, saved } = request
    const { app } = saved.snapshot.context
    if (!appSlots.knows(app)) await reports.look(app, attempt.id)
    const leave = await appSlots.enter(app, attempt.sendBy - clock.now())
    if (leave === null) return end(request, unsent('T', 'too_many_at_once', 'wait'))
    const callOff = options.timers.after(attempt.giveUpAt - clock.now(), leave)
    try {
      return await send(request, ticket)
    } finally {
      callOff()
      leave()
    }
  }

  async function send(request: AttemptRequest, ticket: Ticket): Promise<string> {
    const { attempt, saved } = request
    const { context } = saved.snapshot
    if (!(await options.confirmIntent(request)))
      return end(request, unsent('T', 'intent_not_replicated', 'wait'))
    let app = await reports.look(context.app, attempt.id)
    const { refreshToken, place } = openGrant(request)
    if (refreshToken === undefined && app.config !== null && spendsRefreshToken(app.config)) {
      return end(request, unsent('A', 'no_refresh_token', 'ask the user to reconnect'))
    }
    const disbelieved: Disbelieved[] = []
    for (let tries = 0; tries < mostTries; tries++) {
      const held = reasonNotToSend(app, attempt)
      if (held !== null || app.config === null) return end(request, held as Failure)
      const client = chooseSecret(app, disbelieved)
      const onlyTo = refreshToken && tokenOrigins(place, app.config)
      const startedAt = clock.now()
      const answer = await provider.refreshToken({
        config: app.config,
        ...(client && { clientSecret: client.secret }),
        user: context.user,
        ...(refreshToken && { refreshToken }),
        ...(onlyTo && { onlyTo }),
        workedBefore: context.lastRefreshedAt !== null,
        ...(attempt.claims !== null && { claims: attempt.claims }),
        ...(attempt.resource !== null && { scopes: attempt.resource.scopes }),
        timing: {
          connectMs: attempt.sendBy - startedAt,
          answerMs: attempt.giveUpAt - startedAt + lateAnswerTime,
          stillWanted: () => ticket.valid && !reports.isRefusedNow(context.app, attempt.id),
        },
      })
      if (answer.kind === 'tokens') {
        // Storing is the next thing done, before anything else is made of the answer.
        await options.hold(answerOf(request, { startedAt, answer, config: app.config }), saved)
        await reports.tellBelieved(app, { client, disbelieved, attempt: attempt.id })
        if (answer.reached !== undefined) await apps.pinOrigin(app, answer.reached)
        return 'succeeded'
      }
      const { refusal } = answer
      const moved = refusalOfMoved({ refusal, place, app })
      if (moved !== null && !refusal.sent) return end(request, moved)
      // A wrong key is told in the words of an unknown user: whose fault it was, another key shows.
      if (refusal.reason === 'assertion_rejected' && client !== undefined) {
        disbelieved.push({ id: client.id, refusal })
        if (chooseSecret(app, disbelieved) !== undefined) continue
      }
      const alone = isLackedByOne(refusal, app.config)
      if (refusal.class !== 'P' || alone) {
        await reports.noteThrottle(context.app, refusal)
        if (hasTakenClient(refusal)) await reports.tellAccepted(app, client)
        return end(request, moved ?? fromRefusal(refusal), { alone })
      }
      // One refusal is evidence: the app says whether to try the next secret, to ask once more, or to wait.
      const { reason, action, providerError } = refusal
      const secret = providerError.error === 'invalid_client' ? (client?.id ?? null) : null
      const told = { secret, attempt: attempt.id, reason, action, providerError }
      app = await reports.tellRejected(context.app, told)
      if (app.state === 'secret-expired') return end(request, fromRefusal(refusal))
    }
    return end(request, unsent('T', 'client_in_question', 'wait'))
  }

  async function end(request: AttemptRequest, failure: Failure, how = { alone: false }): Promise<string> {
    await options.failed(request, failure, how)
    return failure.class
  }

  return {
    /** Never rejects: an attempt whose end cannot be told is healed by whoever finds it past `giveUpAt`. */
    start(request: AttemptRequest): void {
      const startedAt = clock.now()
      const ticket = { version: request.saved.record.version, valid: true }
      tickets.set(request.account, ticket)
      const finish = (how: { outcome: string; error?: unknown }) => {
        underWay.delete(done)
        if (tickets.get(request.account) === ticket) tickets.delete(request.account)
        options.onEnd?.({ request, ...how, milliseconds: clock.now() - startedAt })
      }
      const done = run(request, ticket).then(
        (outcome) => finish({ outcome }),
        (error: unknown) => finish({ outcome: 'untold', error }),
      )
      underWay.add(done)
    },
    has: (account: string): boolean => tickets.has(account),
    expect: appSlots.expect,
    /** For a request that is no attempt: how to end it, or null when its turn did not come within so many milliseconds. */
    turn(app: App, within: number): Promise<(() => void) | null> {
      reports.allow(app)
      return appSlots.enter(app.context.app, within)
    },
    /** Those the cluster still waits for. */
    size: appSlots.size,
    /** The account is at `version` now: an older attempt that has not left yet stays here. */
    superseded(account: string, version: number): void {
      const ticket = tickets.get(account)
      if (ticket !== undefined && version > ticket.version) ticket.valid = false
    },
    async drained(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

interface Got {
  readonly startedAt: number
  readonly answer: Tokens
  readonly config: AppConfig
}

function answerOf({ account, attempt }: AttemptRequest, { startedAt, answer, config }: Got): Answer {
  return {
    account,
    attempt: attempt.id,
    grantId: attempt.grantId,
    baseGeneration: attempt.generation,
    startedAt,
    expiresIn: answer.expiresIn === undefined ? presets[config.provider].tokenLife : answer.expiresIn * 1_000,
    refreshTokenExpiresIn:
      answer.refreshTokenExpiresIn === undefined ? null : answer.refreshTokenExpiresIn * 1_000,
    scopes: answer.scopes ?? null,
    ...(answer.scopesCut && { scopesCut: answer.scopesCut }),
    resource: attempt.resource,
    tokens: { ...answer, ...(spendsRefreshToken(config) && { place: placeOf(config, answer.reached) }) },
  }
}
