import type { AppError, Baseline } from '../../machines/index.ts'
import type { App, AppCommand, Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import { causedBy } from '../contract/reasons.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import { isFilledPerAccount } from '../provider/url-params.ts'
import { answerKey } from './answer-key.ts'
import type { Attempts } from './attempts.ts'
import { dummyRefreshToken, dummySecret, dummyUser } from './dummy-credentials.ts'
import { chooseSecret } from './secret-selection.ts'

export interface ControlsOptions {
  readonly apps: Pick<Apps, 'look' | 'report'>
  readonly attempts: Pick<Attempts, 'acquireSlot'>
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly clock: Pick<ClusterClock, 'now'>
}

type ControlSend = Extract<AppCommand, { type: 'control.send' }>

interface Answer extends AppError {
  /** Comparable with the baseline; null if inconclusive. */
  readonly answer: string | null
  readonly accuses: boolean
}

const timing = { connectMs: 3_000, answerMs: 10_000 }
/** Milliseconds a control waits for one of its app's slots. */
const slotTimeout = 5_000

/**
 * Controls: requests with a dummy refresh token, or for a dummy user. Their responses are evidence about the client,
 * independent of any grant.
 */
export function createControls({ apps, attempts, provider, clock }: ControlsOptions) {
  async function ask(app: App, config: AppConfig, secret: Secret | undefined): Promise<Answer | null> {
    if (config.enabled === false || clock.now() < app.context.throttledUntil) return null
    const release = await attempts.acquireSlot(app, slotTimeout)
    if (release === null) return null
    try {
      const answer = await provider.refreshToken({
        config,
        ...(secret && { clientSecret: secret }),
        user: dummyUser(),
        refreshToken: dummyRefreshToken(),
        workedBefore: true,
        timing,
      })
      return readControl(answer)
    } finally {
      release()
    }
  }

  async function learn(app: App): Promise<Baseline | null> {
    const { config, endpoint } = app
    const client = chooseSecret(app)
    // Impossible without a secret or user to replace by a dummy, or if the URLs are filled in per account.
    const isBlind = config === null || config.grant === 'client_credentials' || isFilledPerAccount(config)
    if (isBlind || client === undefined) return { endpoint, ownSecret: '', madeUpSecret: '' }
    const own = await ask(app, config, client.secret)
    if (own === null || own.answer === null) return null
    const other = await ask(app, config, await dummySecret(config, client.secret))
    if (other === null || other.answer === null) return null
    return { endpoint, ownSecret: own.answer, madeUpSecret: other.answer }
  }

  return {
    async send(id: string, { question, secret }: ControlSend): Promise<void> {
      const app = await apps.look(id)
      if (app.config === null || app.context.question?.id !== question) return
      const client = app.secrets.find((each) => each.id === secret)
      const asked = isFilledPerAccount(app.config) ? null : await ask(app, app.config, client?.secret)
      const answer = asked ?? notSent
      await apps.report(id, { type: 'control.answered', question, secret, ...answer })
    },
    async learnBaseline(id: string): Promise<void> {
      await apps.report(id, { type: 'baseline.learnt', baseline: await learn(await apps.look(id)) })
    },
  }
}

const notSent: Answer = {
  answer: null,
  accuses: false,
  ...causedBy('not_sent'),
  providerError: { status: null, error: 'not_sent' },
}

function readControl(answer: TokenAnswer): Answer {
  if (answer.kind === 'tokens') return { ...notSent, answer: 'tokens' }
  const { refusal } = answer
  const { reason, action, providerError } = refusal
  return { answer: answerKey(refusal), accuses: refusal.class === 'P', reason, action, providerError }
}
