import type { Logger } from 'pino'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import { isLackedByOne, isSecretRefused } from '../actors/attempt-failure.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import type { ProviderError } from '../provider/classified.ts'
import { type ConsentProblem, problemOf } from './problems.ts'

export interface ConsentReportsOptions {
  readonly apps: Pick<Apps, 'report'>
  readonly logger: Pick<Logger, 'info'>
  /** For the metrics. */
  consentEnded(outcome: string): void
}

export interface Exchanged {
  readonly app: App & { readonly config: AppConfig }
  readonly answer: CodeAnswer
  readonly client: ClientSecret | undefined
  /** The refused secrets. */
  readonly tried: readonly string[]
  readonly sentAt: number
  /** Identifies the consent; not secret. */
  readonly id: string
}

export interface Finished {
  readonly app: App | undefined
  readonly account: string | null
  /** Null: the account is connected. */
  readonly problem: ConsentProblem | null
  readonly providerError: ProviderError | undefined
}

export interface ConsentReports {
  /** Reports to the app's circuit whether the token endpoint accepted the client. */
  exchanged(exchanged: Exchanged): Promise<void>
  finished(finished: Finished): Promise<void>
}

/** Reports how consents end: to the log and metrics, and to the app if its settings are at fault. */
export function createConsentReports(options: ConsentReportsOptions): ConsentReports {
  const { apps, logger, consentEnded } = options
  async function reportToApp({ context }: App, { problem, providerError }: Finished): Promise<void> {
    const { app, consentFault: known } = context
    if (problem === null) {
      if (known !== null) await apps.report(app, { type: 'consent.accepted' })
      return
    }
    const { blame, description, action = description } = problemOf(problem)
    if (blame !== 'app' || known?.reason === problem) return
    const said = providerError ?? { status: null, error: problem }
    await apps.report(app, { type: 'consent.refused', reason: problem, action, providerError: said })
  }

  return {
    async exchanged({ app, answer, client, tried, sentAt, id }) {
      const { app: name, question } = app.context
      const sent = { at: sentAt, endpoint: app.endpoint, question: question?.id ?? null }
      if (answer.kind === 'tokens') {
        const isDoubted = app.state === 'secret-expired' || question !== null
        const accepted = { secret: client?.id ?? null, sent, refusedSecrets: tried }
        if (isDoubted) await apps.report(name, { type: 'client.accepted', ...accepted })
        return
      }
      const { refusal } = answer
      if (refusal.class !== 'P' || isLackedByOne(refusal, app.config)) return
      const { reason, action, providerError } = refusal
      await apps.report(name, {
        type: 'client.rejected',
        accusation: 'client',
        attempt: id,
        grant: id,
        sent,
        workedBefore: false,
        refusedBefore: null,
        refusedSecrets: isSecretRefused(refusal) ? tried : [],
        triesNext: false,
        earlier: null,
        reason,
        action,
        providerError,
      })
    },

    async finished(finished) {
      const { app, account, problem, providerError } = finished
      const outcome = problem ?? 'connected'
      consentEnded(outcome)
      const { status, error, codes } = providerError ?? {}
      const blame = problem === null ? undefined : problemOf(problem).blame
      logger.info({ app: app?.context.app, account, outcome, blame, status, error, codes }, 'consent ended')
      if (app !== undefined && app.config !== null) await reportToApp(app, finished)
    },
  }
}
