import { type Sent, waitsForApp } from '../../machines/index.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import type { Failure } from '../actors/attempt-failure.ts'
import type { OperatorLog } from '../actors/operator-log.ts'
import type { Observer } from '../common/observer.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf } from '../provider/grant-place.ts'
import { unsaidLife } from '../provider/refreshing.ts'
import type { Tokens } from '../provider/token-answer.ts'
import type { Answer } from './answer-text.ts'
import type { AppCircuit } from './app-circuit.ts'
import type { AttemptRequest, AttemptRun, FailedOutcome, OutcomeWord } from './attempt-run.ts'
import type { StoreOutcome } from './pending-answers.ts'
import type { Sending } from './still-allowed.ts'
import type { WaitingForApp } from './waiting-for-app.ts'

export interface RecordOutcomeOptions {
  readonly accounts: Pick<Accounts, 'receive'>
  readonly apps: Pick<Apps, 'pinOrigin'>
  readonly circuit: Pick<AppCircuit, 'reportAccepted'>
  readonly waitingForApp: Pick<WaitingForApp, 'beginWaiting' | 'retryIfAppChanged'>
  readonly operatorLog: Pick<OperatorLog, 'refreshFailed'>
  readonly observer: Pick<Observer, 'inDoubt' | 'raceRecovered' | 'refreshEnded'>
  storeAnswer(answer: Answer, saved: LoadedAccount): Promise<StoreOutcome | null>
}

/** A request that was answered with tokens. */
export interface Answered extends Pick<Sending, 'app' | 'config' | 'client'> {
  readonly sent: Sent
  readonly answer: Tokens
}

export interface RecordOutcome {
  tokens(run: AttemptRun, answered: Answered): Promise<OutcomeWord>
  failed(
    request: AttemptRequest,
    failure: Failure,
    how?: Pick<FailedOutcome, 'accountOnly'>,
  ): Promise<OutcomeWord>
}

/** Records the outcome of an attempt in its account, and its evidence in its app. */
export function createRecordOutcome(options: RecordOutcomeOptions): RecordOutcome {
  const { accounts, apps, circuit, waitingForApp, operatorLog, observer } = options
  return {
    async tokens(run, { app, config, client, sent, answer }) {
      const outcome = await options.storeAnswer(
        answerOf(run, { startedAt: sent.at, answer, config }),
        run.saved,
      )
      await circuit.reportAccepted(app, { secret: client?.id ?? null, sent, refusedSecrets: run.tried })
      if (answer.reached !== undefined) await apps.pinOrigin(app, answer.reached)
      if (outcome === 'kept') return 'kept'
      observer.refreshEnded(null)
      return 'succeeded'
    },
    async failed({ account, attempt, saved }, failure, { accountOnly } = { accountOnly: false }) {
      const failed = {
        type: 'refresh.failed' as const,
        attempt: attempt.id,
        baseGeneration: attempt.generation,
        ...failure,
      }
      const failedEvent = ({ at, eventId: id }: AccountMeeting) => ({ event: { ...failed, at, id } })
      const { taken, snapshot } = await accounts.receive(account, failedEvent, saved)
      if (taken) {
        operatorLog.refreshFailed({ account, app: snapshot.context.app, attempt: attempt.id }, failure)
        observer.refreshEnded(failure.reason)
      }
      if (failure.inDoubt) observer.inDoubt()
      if (failure.class === 'R' && !taken) observer.raceRecovered()
      if (snapshot.value === 'secret-expired' && !accountOnly)
        await waitingForApp.beginWaiting(account, saved)
      if (snapshot.value === 'revoked' && waitsForApp(snapshot.context))
        await waitingForApp.retryIfAppChanged(account, saved)
      return failure.class
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
    expiresIn:
      answer.expiresIn === undefined ? unsaidLife(config, { refreshable: true }) : answer.expiresIn * 1_000,
    refreshTokenExpiresIn:
      answer.refreshTokenExpiresIn === undefined ? null : answer.refreshTokenExpiresIn * 1_000,
    scopes: answer.scopes ?? null,
    ...(answer.scopesCut && { scopesCut: answer.scopesCut }),
    resource: attempt.resource,
    tokens: { ...answer, ...(spendsRefreshToken(config) && { place: placeOf(config, answer.reached) }) },
  }
}
