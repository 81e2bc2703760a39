import { type AccountContext, isDown, type ProbeCandidate, type Sent } from '../../machines/index.ts'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import {
  appsFault,
  type Failure,
  impliesAcceptedClient,
  isLackedByOne,
  isSecretRefused,
} from '../actors/attempt-failure.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Refusal } from '../provider/classified.ts'
import { isFilledPerAccount } from '../provider/url-params.ts'
import { answerKey } from './answer-key.ts'
import type { AppCircuit } from './app-circuit.ts'
import type { AttemptRun, FailedOutcome } from './attempt-run.ts'
import {
  type ClientEvidence,
  type EvidenceKind,
  evidenceKindOf,
  isAttributedToGrant,
} from './client-evidence.ts'
import { literalFailure, outcomeBy, parkedFailure } from './refusal-outcome.ts'
import { chooseSecret } from './secret-selection.ts'

export interface RefusalHandlerOptions {
  readonly apps: Pick<Apps, 'look'>
  readonly circuit: Pick<
    AppCircuit,
    'reportRejected' | 'reportEndpointRefused' | 'reportAccepted' | 'reportThrottled'
  >
  readonly clock: Pick<ClusterClock, 'now'>
}

/** A refused request, and the app as it was when the request was sent. */
export interface Refused {
  readonly app: App
  readonly config: AppConfig
  readonly client: ClientSecret | undefined
  readonly candidate: Omit<ProbeCandidate, 'at'>
  readonly sent: Sent
  readonly refusal: Refusal
  /** The outcome for a grant whose app has changed since it last worked. */
  readonly moved: Failure | null
}

/** `retry`: at once with another secret. `wait`: until there is more evidence about the app. */
export type RefusalDecision = 'retry' | 'wait' | FailedOutcome

export type RefusalHandler = (run: AttemptRun, refused: Refused) => Promise<RefusalDecision>

/** Decides what a refusal means for its attempt and for its app. */
export function createRefusalHandler({ apps, circuit, clock }: RefusalHandlerOptions): RefusalHandler {
  async function ofGrant(run: AttemptRun, refused: Refused): Promise<RefusalDecision> {
    const { app, config, client, sent, refusal, moved } = refused
    await circuit.reportThrottled(app.context.app, refusal)
    const isBroken = app.state === 'secret-expired' || isDown(app.context, app.endpoint)
    // Another secret of the same attempt was refused differently, so by comparison this one is accepted.
    const isCompared = run.tried.length > 0 && client !== undefined && !run.tried.includes(client.id)
    if ((isBroken || isCompared) && provesClient(app, refusal))
      await circuit.reportAccepted(app, { secret: client?.id ?? null, sent, refusedSecrets: run.tried })
    const appsError = app.context.lastError?.providerError.error
    const isSameError = refusal.general && appsError === refusal.providerError.error
    const failure = isBroken && isSameError ? appsFault(app) : (moved ?? literalFailure(app, refusal))
    return { failure, accountOnly: isLackedByOne(refusal, config) }
  }

  /** Evidence about the accounts with this endpoint only. */
  async function ofEndpoint({ app, candidate, refusal, moved }: Refused): Promise<RefusalDecision> {
    await circuit.reportThrottled(app.context.app, refusal)
    const { reason, action, providerError } = refusal
    const error = { reason, action, providerError }
    const after = await circuit.reportEndpointRefused(app, { grant: candidate.grant, error })
    const isEndpointDown = refusal.general === true && isDown(after.context, app.endpoint)
    const failure = moved ?? (isEndpointDown ? appsFault(after) : literalFailure(app, refusal))
    return { failure, accountOnly: true }
  }

  async function ofClient(run: AttemptRun, refused: Refused, kind: EvidenceKind): Promise<RefusalDecision> {
    const { client, refusal } = refused
    const isWrongSecret = maySecretBeRefused(refusal) && client !== undefined
    // A secret added while the request was in flight is tried before the refusal is interpreted.
    const app = isWrongSecret ? await apps.look(refused.app.context.app) : refused.app
    if (isWrongSecret) run.tried.push(client.id)
    const evidence = evidenceOf(run, refused, { kind, app, isWrongSecret })
    const known = outcomeBy(app, evidence, refusal, clock.now())
    const isKnown = known !== null
    // A general refusal concerns the grant until another grant gets one, so the app must record each.
    const isReported = !isKnown || kind === 'general'
    const after = isReported ? await circuit.reportRejected(app.context.app, evidence) : app
    const isProbe = after.context.question?.probe === evidence.attempt
    run.fallback = known && { failure: known, accountOnly: false }
    if (evidence.triesNext && (isKnown || isProbe)) return 'retry'
    const failure = outcomeBy(after, evidence, refusal, clock.now())
    if (failure !== null) return { failure, accountOnly: false }
    run.refusal = refusal
    run.refusedBefore ??= evidence.sent.at
    run.tried = []
    return 'wait'
  }

  return async (run, refused) => {
    const { app, config, refusal } = refused
    const { context: account } = run.saved.snapshot
    if (refusal.reason === 'taken_back' && run.permit.valid) return 'wait'
    const kind = evidenceKindOf({ refusal, config, account, app, at: clock.now() })
    if (triesAnotherSecret(run, refused, kind)) return 'retry'
    if (concernsEndpoint(refused)) return ofEndpoint(refused)
    if (kind === null || app.state === 'secret-expired') return ofGrant(run, refused)
    if (isAttributedToGrant(account))
      return { failure: parkedFailure(app, refusal, kind), accountOnly: false }
    return ofClient(run, refused, kind)
  }
}

/** Also records the outcome for the case that the time runs out before the next secret is sent. */
function triesAnotherSecret(run: AttemptRun, refused: Refused, kind: EvidenceKind | null): boolean {
  const { app, config, client, refusal } = refused
  const { context: account } = run.saved.snapshot
  const others = secretsToTry(refused, account)
  if (others === 'none' || client === undefined) return false
  run.tried.push(client.id)
  const isParked = isAttributedToGrant(account) && kind !== null
  const failure = isParked ? parkedFailure(app, refusal, kind) : literalFailure(app, refusal)
  run.fallback = { failure, accountOnly: isLackedByOne(refusal, config) }
  return others === 'all' ? chooseSecret(app, run.tried) !== undefined : hasUntried(app, run.tried)
}

/**
 * Which other secrets have to be tried before the refusal can be attributed. A wrong signing key is refused like an unknown
 * user, and a wrong secret perhaps by one tenant only. A probe of a broken app tries them all, because a secret may work for
 * some accounts only. A grant that is parked already tries those not known to be refused, since a new one is among them.
 */
function secretsToTry(
  { app, config, refusal }: Refused,
  account: AccountContext,
): 'all' | 'unrefused' | 'none' {
  if (refusal.reason === 'assertion_rejected' || concernsEndpoint({ config, refusal })) return 'all'
  if (!maySecretBeRefused(refusal)) return 'none'
  if (app.state === 'secret-expired') return 'all'
  return isAttributedToGrant(account) ? 'unrefused' : 'none'
}

/** The refusal may concern the client, but at an endpoint whose URL depends on the account. */
function concernsEndpoint({ config, refusal }: Pick<Refused, 'config' | 'refusal'>): boolean {
  return isFilledPerAccount(config) && (refusal.class === 'P' || refusal.general === true)
}

interface SecretTried {
  readonly kind: EvidenceKind
  readonly app: App
  readonly isWrongSecret: boolean
}

function evidenceOf(
  { saved, tried, refusedBefore }: AttemptRun,
  { candidate, sent, refusal: { reason, action, providerError } }: Refused,
  { kind, app, isWrongSecret }: SecretTried,
): ClientEvidence {
  return {
    ...candidate,
    accusation: kind,
    sent,
    refusedBefore,
    refusedSecrets: isWrongSecret ? tried : [],
    triesNext: isWrongSecret && hasUntried(app, tried),
    earlier: kind === 'unknown' ? saved.snapshot.context.unknownWords : null,
    reason,
    action,
    providerError,
  }
}

/** Also for general error codes. */
function maySecretBeRefused(refusal: Refusal): boolean {
  return isSecretRefused(refusal) || refusal.general === true
}

/** A refusal of the grant implies an accepted client, unless the provider answers a wrong secret the same. */
function provesClient({ context: { baseline } }: App, refusal: Refusal): boolean {
  return impliesAcceptedClient(refusal) && baseline?.madeUpSecret !== answerKey(refusal)
}

function hasUntried({ context }: App, tried: readonly string[]): boolean {
  return context.secrets.some(({ id, rejected }) => !rejected && !tried.includes(id))
}
