import type { Logger } from 'pino'
import { lateAnswerTime } from '../../machines/index.ts'
import type { LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import { type Failure, unsent } from '../actors/attempt-failure.ts'
import { type SealedTokens, slotOf, type TokenPair } from '../actors/sealed-tokens.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Timers } from '../common/timers.ts'
import { mostSecrets } from '../contract/requests.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf, tokenOrigins } from '../provider/grant-place.ts'
import { presets } from '../provider/presets.ts'
import type { Provider } from '../provider/provider.ts'
import type { Tokens } from '../provider/token-answer.ts'
import { NewerForm } from '../redis/newer-form.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { Answer } from './answer-text.ts'
import { createAppAdmission, newTrial } from './app-admission.ts'
import { refusalOfMoved } from './app-changed.ts'
import { createAppReports } from './app-circuit.ts'
import type { Held } from './pending-answers.ts'
import { createAppSlots } from './provider-limits.ts'
import { createRefusalJudge } from './refusal-judge.ts'
import { chooseSecret } from './secret-selection.ts'
import type { AttemptRequest, Ticket, Trial } from './trial.ts'

export interface AttemptsOptions {
  readonly apps: Apps
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly sealed: SealedTokens
  readonly clock: ClusterClock
  readonly logger: Pick<Logger, 'error'>
  readonly timers: Pick<Timers, 'after' | 'elapsed' | 'delay'>
  /** With replicas, resolves false when none has acknowledged the intent: then nothing may be sent. */
  confirmIntent(request: AttemptRequest): Promise<boolean>
  hold(answer: Answer, saved: LoadedAccount): Promise<Held | null>
  /** False while an answer of this account waits to be stored: what it spent must not be sent again. */
  maySend(account: string): Promise<boolean>
  /** `alone`: the app is well, and what it lacks it lacks for this account. */
  failed(request: AttemptRequest, failure: Failure, how: { alone: boolean }): Promise<void>
  onEnd?(ended: { request: AttemptRequest; outcome: string; error?: unknown; milliseconds: number }): void
}

/** Each secret, the last of them once more, and one that was put meanwhile. */
const mostTries = mostSecrets + 2

export type Attempts = ReturnType<typeof createAttempts>

/** Performs the attempts this node has won, and ends each with exactly one outcome. */
export function createAttempts(options: AttemptsOptions) {
  const { apps, provider, sealed, clock } = options
  const appSlots = createAppSlots(options.timers)
  const reports = createAppReports({ apps, clock, slots: appSlots })
  const admission = createAppAdmission({ reports, clock, timers: options.timers })
  const judge = createRefusalJudge({ apps, reports, clock })
  const underWay = new Set<Promise<void>>()
  const tickets = new Map<string, Ticket>()

  function openGrant({ account, attempt, saved: { record } }: AttemptRequest): TokenPair {
    const slot = slotOf[attempt.spend]
    const text = record.fields[slot]
    if (text === undefined) return {}
    const generation = slot === 'c' ? { generation: attempt.generation } : {}
    return sealed.open(text, { account, slot, ...generation })
  }

  /** Each request waits its turn, and is given up unsent rather than late. A slot is held as long as the cluster waits. */
  async function take(trial: Trial): Promise<string> {
    const { attempt, saved } = trial
    const { context } = saved.snapshot
    let waits = !appSlots.knows(context.app)
    for (;;) {
      const held = waits ? await admission.waitForApp(trial) : null
      if (held !== null) return end(trial, held)
      const leave = await appSlots.enter(context.app, attempt.sendBy - clock.now())
      if (leave === null) return end(trial, unsent('T', 'too_many_at_once', 'wait'))
      const callOff = options.timers.after(attempt.giveUpAt - clock.now(), leave)
      try {
        const outcome = await send(trial)
        if (outcome !== null) return outcome
      } finally {
        callOff()
        leave()
      }
      waits = true
    }
  }

  /** Null: the app is in question, and more has to be known before this is sent, or sent again. */
  async function send(trial: Trial): Promise<string | null> {
    const { attempt, saved, ticket } = trial
    const { context } = saved.snapshot
    if (trial.sends === 0 && !(await options.maySend(trial.account))) return 'kept'
    if (trial.sends === 0 && !(await options.confirmIntent(trial)))
      return end(trial, unsent('T', 'intent_not_replicated', 'wait'))
    for (;;) {
      const app = await reports.look(context.app)
      const { refreshToken, place } = openGrant(trial)
      if (refreshToken === undefined && app.config !== null && spendsRefreshToken(app.config))
        return end(trial, unsent('A', 'no_refresh_token', 'ask the user to reconnect'))
      const held = admission.heldBack(app, trial)
      if (held !== null || app.config === null) return end(trial, held as Failure)
      if (trial.sends >= mostTries) return end(trial, admission.undecided(trial))
      if (!admission.mayGo(app, trial)) return null
      const asking = admission.askingOf(app, trial)
      const client = chooseSecret(app, trial.tried)
      const onlyTo = refreshToken && tokenOrigins(place, app.config)
      const startedAt = clock.now()
      trial.left = true
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
      const sent = { at: startedAt, endpoint: app.endpoint, question: app.context.question?.id ?? null }
      if (answer.kind === 'tokens') {
        // Storing is the next thing done, before anything else is made of the answer.
        const held = await options.hold(answerOf(trial, { startedAt, answer, config: app.config }), saved)
        await reports.tellAccepted(app, { secret: client?.id ?? null, sent, refusedSecrets: trial.tried })
        if (answer.reached !== undefined) await apps.pinOrigin(app, answer.reached)
        return held === 'kept' ? 'kept' : 'succeeded'
      }
      trial.sends++
      const { refusal } = answer
      const moved = refusalOfMoved({ refusal, place, app })
      if (moved !== null && !refusal.sent) return end(trial, moved)
      const judgement = await judge(trial, { app, config: app.config, client, asking, sent, refusal, moved })
      if (judgement === 'wait') return null
      if (judgement !== 'again') return end(trial, judgement.failure, judgement)
    }
  }

  async function run(request: AttemptRequest, ticket: Ticket): Promise<string> {
    const trial = newTrial(request, ticket)
    try {
      return await take(trial)
    } catch (error) {
      if (trial.left || error instanceof StorageUnavailable) throw error
      return endUnsent(trial, error)
    }
  }

  /** It is known that nothing left: whatever went wrong, no answer can be missing. */
  function endUnsent(trial: Trial, error: unknown): Promise<string> {
    if (error instanceof NewerForm) return end(trial, unsent('T', 'stored_by_newer_version', 'wait'))
    const { account, attempt } = trial
    options.logger.error(
      { err: error, account, attempt: attempt.id },
      'internal error: an attempt is not sent',
    )
    return end(trial, unsent('T', 'internal_error', 'see the log of the node'))
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
