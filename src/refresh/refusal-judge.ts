import { type AccountContext, type Asking, isDown, type Sent } from '../../machines/index.ts'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import {
  accusesSecret,
  appsFault,
  type Failure,
  hasTakenClient,
  isLackedByOne,
} from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { isFilledPerAccount } from '../provider/url-params.ts'
import { type Accused, accusationOf, endOf, isJudged, ofThisGrant, ownRefusal } from './accusation.ts'
import { answerKey } from './answer-key.ts'
import type { AppReports } from './app-circuit.ts'
import { chooseSecret } from './secret-selection.ts'
import type { Trial, Verdict } from './trial.ts'

export interface RefusalJudgeOptions {
  readonly apps: Pick<Apps, 'look'>
  readonly reports: Pick<AppReports, 'tellRejected' | 'tellRefusedThere' | 'tellAccepted' | 'noteThrottle'>
  readonly clock: Pick<ClusterClock, 'now'>
}

/** A refused request, and the app as it was when the request was sent. */
export interface Refused {
  readonly app: App
  readonly config: AppConfig
  readonly client: ClientSecret | undefined
  readonly asking: Omit<Asking, 'at'>
  readonly sent: Sent
  readonly refusal: Refusal
  /** The outcome for a grant whose app has changed since it last worked. */
  readonly moved: Failure | null
}

/** `again`: at once with another secret. `wait`: until there is more evidence about the app. */
export type Judgement = 'again' | 'wait' | Verdict

export type RefusalJudge = (trial: Trial, refused: Refused) => Promise<Judgement>

/** Decides what a refusal means for its attempt and for its app. */
export function createRefusalJudge({ apps, reports, clock }: RefusalJudgeOptions): RefusalJudge {
  async function ofGrant(trial: Trial, refused: Refused): Promise<Judgement> {
    const { app, config, client, sent, refusal, moved } = refused
    await reports.noteThrottle(app.context.app, refusal)
    const isBroken = app.state === 'secret-expired' || isDown(app.context, app.endpoint)
    // Another secret of the same attempt was refused differently, so by comparison this one is accepted.
    const isCompared = trial.tried.length > 0 && client !== undefined && !trial.tried.includes(client.id)
    if ((isBroken || isCompared) && provesClient(app, refusal))
      await reports.tellAccepted(app, { secret: client?.id ?? null, sent, refusedSecrets: trial.tried })
    const said = app.context.lastError?.providerError.error
    const isSameWord = refusal.general && said === refusal.providerError.error
    const failure = isBroken && isSameWord ? appsFault(app) : (moved ?? ofThisGrant(app, refusal))
    return { failure, alone: isLackedByOne(refusal, config) }
  }

  /** What one tenant says of the client is true of the accounts there. */
  async function ofEndpoint({ app, asking, refusal, moved }: Refused): Promise<Judgement> {
    await reports.noteThrottle(app.context.app, refusal)
    const { reason, action, providerError } = refusal
    const error = { reason, action, providerError }
    const after = await reports.tellRefusedThere(app, { grant: asking.grant, error })
    const isOfAll = refusal.general === true && isDown(after.context, app.endpoint)
    return { failure: moved ?? (isOfAll ? appsFault(after) : ofThisGrant(app, refusal)), alone: true }
  }

  async function ofClient(trial: Trial, refused: Refused, accusation: Accused['accusation']) {
    const { client, refusal } = refused
    const isWrongSecret = mayAccuseSecret(refusal) && client !== undefined
    // A secret added while the request was in flight is tried before the refusal is interpreted.
    const app = isWrongSecret ? await apps.look(refused.app.context.app) : refused.app
    if (isWrongSecret) trial.tried.push(client.id)
    const told = accusedOf(trial, refused, { accusation, app, isWrongSecret })
    const settled = endOf(app, told, refusal, clock.now())
    const isSettled = settled !== null
    // A general refusal concerns the grant until another grant gets one, so the app must record each.
    const isTold = !isSettled || accusation === 'general'
    const after = isTold ? await reports.tellRejected(app.context.app, told) : app
    const isLetOut = after.context.question?.probe === told.attempt
    trial.verdict = settled && { failure: settled, alone: false }
    if (told.triesNext && (isSettled || isLetOut)) return 'again'
    const failure = endOf(after, told, refusal, clock.now())
    if (failure !== null) return { failure, alone: false }
    trial.refusal = refusal
    trial.refusedBefore ??= told.sent.at
    trial.tried = []
    return 'wait'
  }

  return async (trial: Trial, refused: Refused): Promise<Judgement> => {
    const { app, config, refusal } = refused
    const { context: account } = trial.saved.snapshot
    if (refusal.reason === 'taken_back' && trial.ticket.valid) return 'wait'
    const accusation = accusationOf({ refusal, config, account, app, at: clock.now() })
    if (triesAnother(trial, refused, accusation)) return 'again'
    if (saysOfTenant(refused)) return ofEndpoint(refused)
    if (accusation === null || app.state === 'secret-expired') return ofGrant(trial, refused)
    if (isJudged(account)) return { failure: ownRefusal(app, refusal, accusation), alone: false }
    return ofClient(trial, refused, accusation)
  }
}

/** Also records what this refusal means if the time runs out before the next secret is sent. */
function triesAnother(trial: Trial, refused: Refused, accusation: Accused['accusation'] | null): boolean {
  const { app, config, client, refusal } = refused
  const { context: account } = trial.saved.snapshot
  const others = othersFor(refused, account)
  if (others === 'none' || client === undefined) return false
  trial.tried.push(client.id)
  const isOwn = isJudged(account) && accusation !== null
  const failure = isOwn ? ownRefusal(app, refusal, accusation) : ofThisGrant(app, refusal)
  trial.verdict = { failure, alone: isLackedByOne(refusal, config) }
  return others === 'all' ? chooseSecret(app, trial.tried) !== undefined : hasUntried(app, trial.tried)
}

/**
 * Which other secrets have to be tried before the refusal can be attributed. A wrong key is refused like an unknown user, a
 * wrong secret perhaps by one tenant alone. Each look of a broken app tries them all: one a look may never meet the account that it works for. A grant
 * that is parked already (`isJudged`) tries those not known to be refused: a new one is among them.
 */
function othersFor({ app, config, refusal }: Refused, account: AccountContext): 'all' | 'unrefused' | 'none' {
  if (refusal.reason === 'assertion_rejected' || saysOfTenant({ config, refusal })) return 'all'
  if (!mayAccuseSecret(refusal)) return 'none'
  if (app.state === 'secret-expired') return 'all'
  return isJudged(account) ? 'unrefused' : 'none'
}

/** Of the client, at an endpoint that the account has filled in. */
function saysOfTenant({ config, refusal }: Pick<Refused, 'config' | 'refusal'>): boolean {
  return isFilledPerAccount(config) && (refusal.class === 'P' || refusal.general === true)
}

function accusedOf(
  { saved, tried, refusedBefore }: Trial,
  { asking, sent, refusal: { reason, action, providerError } }: Refused,
  { accusation, app, isWrongSecret }: Accusing,
): Accused {
  return {
    ...asking,
    accusation,
    sent,
    refusedBefore,
    refusedSecrets: isWrongSecret ? tried : [],
    triesNext: isWrongSecret && hasUntried(app, tried),
    earlier: accusation === 'unknown' ? saved.snapshot.context.unknownWords : null,
    reason,
    action,
    providerError,
  }
}

interface Accusing {
  readonly accusation: Accused['accusation']
  readonly app: App
  readonly isWrongSecret: boolean
}

/** Also for general error codes. */
function mayAccuseSecret(refusal: Refusal): boolean {
  return accusesSecret(refusal) || refusal.general === true
}

/** A refusal of the grant implies an accepted client, unless the provider answers a wrong secret the same. */
function provesClient({ context: { baseline } }: App, refusal: Refusal): boolean {
  return hasTakenClient(refusal) && baseline?.madeUpSecret !== answerKey(refusal)
}

function hasUntried({ context }: App, tried: readonly string[]): boolean {
  return context.secrets.some(({ id, rejected }) => !rejected && !tried.includes(id))
}
