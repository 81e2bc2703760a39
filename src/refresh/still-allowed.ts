import { type AccountContext, isDown, lateAnswerTime, type ProbeCandidate } from '../../machines/index.ts'
import type { Accounts } from '../actors/account-actor.ts'
import type { App, ClientSecret } from '../actors/app-actor.ts'
import { appsFault, type Failure, unsent } from '../actors/attempt-failure.ts'
import type { TokenPair } from '../actors/sealed-tokens.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import { maxSecrets } from '../contract/app.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import { causedBy, withValues } from '../contract/reasons.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { tokenOrigins } from '../provider/grant-place.ts'
import { refreshesWithAccessToken } from '../provider/refreshing.ts'
import type { RefreshRequest } from '../provider/token-request.ts'
import { fillParams, type Params } from '../provider/url-params.ts'
import type { AppCircuit } from './app-circuit.ts'
import type { AttemptRequest, AttemptRun } from './attempt-run.ts'
import type { CircuitAdmission } from './circuit-admission.ts'
import { chooseSecret } from './secret-selection.ts'

export interface StillAllowedOptions {
  readonly circuit: Pick<AppCircuit, 'look' | 'isRefusalPending' | 'mayProbeEndpoint'>
  readonly admission: Pick<CircuitAdmission, 'reasonNotToSend' | 'inconclusive' | 'maySend' | 'candidateOf'>
  readonly accounts: Pick<Accounts, 'open'>
  readonly clock: Pick<ClusterClock, 'now'>
}

/** A request that may be sent, and the app as it was when that was decided. */
export interface Sending {
  readonly app: App
  readonly config: AppConfig
  readonly client: ClientSecret | undefined
  /** The endpoints at which the grant last worked. */
  readonly place: GrantPlace | undefined
  readonly candidate: Omit<ProbeCandidate, 'at'>
  requestAt(startedAt: number): RefreshRequest
}

export type StillAllowed = (run: AttemptRun) => Promise<Sending | { readonly failure: Failure } | 'wait'>

/** Each secret, the last one once more, and one added meanwhile. */
const maxTries = maxSecrets + 2

/** Reads the app and the grant again right before sending. `wait`: another attempt is the probe of the app's circuit. */
export function createStillAllowed({
  circuit,
  admission,
  accounts,
  clock,
}: StillAllowedOptions): StillAllowed {
  function openGrant({ account, attempt, saved }: AttemptRequest): TokenPair {
    return accounts.open(account, saved.record, attempt.spend)?.tokens ?? {}
  }

  /** The token used for the next one; an access token only while it is valid. */
  function spendable(config: AppConfig, grant: TokenPair, { expiresAt }: AccountContext): Secret | undefined {
    if (!refreshesWithAccessToken(config)) return grant.refreshToken
    return clock.now() < expiresAt ? grant.accessToken : undefined
  }

  return async (run) => {
    const { attempt, saved, permit } = run
    const { context } = saved.snapshot
    const app = await circuit.look(context.app, context.params)
    const { config } = app
    if (config === null) return { failure: admission.reasonNotToSend(app, run) as Failure }
    const { place, ...grant } = openGrant(run)
    const refreshToken = spendable(config, grant, context)
    const failure =
      lacking(config, { params: context.params, refreshToken }) ?? admission.reasonNotToSend(app, run)
    if (failure !== null) return { failure: failure }
    if (isDown(app.context, app.endpoint) && !(await circuit.mayProbeEndpoint(app, attempt.id)))
      return { failure: appsFault(app) }
    if (run.sends >= maxTries) return { failure: admission.inconclusive(run) }
    if (!admission.maySend(app, run)) return 'wait'
    const candidate = admission.candidateOf(app, run)
    if (run.sends === 0) run.tried = triedEarlier(app, candidate)
    const client = chooseSecret(app, run.tried)
    const onlyTo = refreshToken && tokenOrigins(place, config)
    return {
      app,
      config,
      client,
      place,
      candidate,
      requestAt: (startedAt) => ({
        config,
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
          stillWanted: () => permit.valid && !circuit.isRefusalPending(context.app, attempt.id),
        },
      }),
    }
  }
}

/** An attempt may end before it has tried every secret; the next one of that grant continues from there. */
function triedEarlier(app: App, { grant, endpoint }: Sending['candidate']): string[] {
  const { question } = app.context
  if (question?.endpoint !== endpoint) return []
  const tried = question.tried?.find((each) => each.grant === grant)?.secrets ?? []
  return chooseSecret(app, tried) === undefined ? [] : [...tried]
}

interface Sent {
  readonly params: Params
  readonly refreshToken: Secret | undefined
}

/** What is missing for a request of this app. */
function lacking(config: AppConfig, { params, refreshToken }: Sent): Failure | null {
  const filled = fillParams(config, params)
  if (!filled.ok) {
    const problem = filled.failure.message
    return unsent('C', withValues(causedBy('params_missing', 'problem'), { problem }))
  }
  if (refreshToken !== undefined || !spendsRefreshToken(config)) return null
  return unsent('A', causedBy('no_refresh_token'))
}
