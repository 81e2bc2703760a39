import { isBaselineConclusive } from '../../machines/index.ts'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import type { AppPatch, AppPut, VerifiedStep } from '../contract/app.ts'
import { appNotFound, ok, type Result } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Endpoint } from '../provider/endpoints.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import type { Provider } from '../provider/provider.ts'
import type { TokenAnswer } from '../provider/token-answer.ts'
import { fillParams } from '../provider/url-params.ts'
import type { Attempts } from '../refresh/attempts.ts'
import { dummyClientId, dummyRefreshToken, dummySecret } from '../refresh/dummy-credentials.ts'
import { keptSecrets } from './apps.ts'
import {
  type CheckResult,
  type ClientCheck,
  checkClient,
  describeRefusal,
  keyOf,
  needsControl,
} from './credential-check.ts'

export interface AppVerificationOptions {
  readonly apps: Pick<Apps, 'look'>
  readonly attempts: Pick<Attempts, 'acquireSlot'>
  readonly provider: Pick<Provider, 'refreshToken' | 'resolveEndpoint'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers?: Pick<Timers, 'elapsed'>
  /** As for `app.put`. */
  configOf(app: string, put: AppPut): Promise<Result<AppConfig>>
  putOf(config: AppConfig, patch: AppPatch): AppPut
  /** The callback URL to which providers redirect the browser. */
  readonly redirectUri: () => string
}

interface Asked {
  readonly app: App
  readonly config: AppConfig
  readonly user: string | undefined
  /** Milliseconds left before the caller gives up. */
  left(): number
}

type Part = (asked: Asked) => VerifiedStep[] | Promise<VerifiedStep[]>

/** Milliseconds; less than the 5 s after which NATS clients give up by default. */
const replyWithin = 4_000
const day = 86_400_000

/** Verifies an app step by step, up to the first failure. The result does not affect the app's state. */
export function createAppVerification(options: AppVerificationOptions): Pick<Tokenbus, 'verifyApp'> {
  const { apps, attempts, provider, clock, timers = realTimers, configOf, putOf, redirectUri } = options

  /** Checks the settings as if they were put now. */
  const configuration: Part = async ({ app }) => {
    const config = app.config as AppConfig
    const put = { ...keptSecrets(app.secrets, {}), ...putOf(config, {}) }
    const checked = await configOf(config.app, put)
    if (checked.ok) return [{ step: 'configuration', ok: true, message: `usable, for ${config.provider}` }]
    const { message } = checked.failure
    return [{ step: 'configuration', ok: false, message, action: 'correct the settings of the app' }]
  }

  const redirect: Part = ({ config }) => {
    if (config.grant !== 'authorization_code') return []
    const sentAs = config.redirectUri === undefined ? '' : `, as ${config.redirectUri}`
    const message = `register at the provider: ${redirectUri()}${sentAs}`
    return [{ step: 'redirect_uri', ok: null, message }]
  }

  const discovery: Part = async ({ config, left }) => {
    const sought: Endpoint[] = []
    if (config.tokenUrl === undefined) sought.push('token_endpoint')
    if (config.authorizeUrl === undefined && config.grant === 'authorization_code')
      sought.push('authorization_endpoint')
    if (config.issuer === undefined || sought.length === 0) return []
    const found: string[] = []
    for (const [index, endpoint] of sought.entries()) {
      const resolved = await provider.resolveEndpoint({
        config,
        endpoint,
        within: left(),
        bypassCache: index === 0,
      })
      if (!resolved.ok) {
        const { action } = resolved.refusal
        return [{ step: 'discovery', ok: false, message: describeRefusal(resolved.refusal), action }]
      }
      found.push(resolved.url.origin + resolved.url.pathname)
    }
    return [{ step: 'discovery', ok: true, message: `found ${found.join(' and ')}` }]
  }

  const client: Part = async (asked) => {
    const secrets = asked.config.clientAuth === 'none' ? [] : asked.app.secrets
    const [first, ...others] = secrets
    const answer = await ask(asked, { secret: first?.secret })
    if (!isAnswer(answer)) return [{ step: 'token_endpoint', ...answer }]
    const { endpoint } = checkClient({ ...compared(asked, [], undefined), answer })
    if (!endpoint.ok) return [{ step: 'token_endpoint', ...endpoint }]
    const all: Answered[] = [answer]
    for (const { secret } of others) all.push(await ask(asked, { secret }))
    const isOpen = all.some((each) => isAnswer(each) && needsControl(each, asked.config))
    const control = isOpen ? await askControl(asked, first) : undefined
    const comparison = compared(asked, all, control)
    const results = all.map((each) =>
      isAnswer(each) ? checkClient({ ...comparison, answer: each }) : { endpoint: each },
    )
    const delegations = results.flatMap((each) => each.delegation ?? []).slice(0, 1)
    return [
      { step: 'token_endpoint', ...endpoint },
      ...results.map((each, i) => credentials(secrets[i], each.client ?? each.endpoint)),
      ...delegations.map((each) => ({ step: 'delegation' as const, ...each })),
    ]
  }

  /** Sends a token request with a dummy refresh token. */
  async function ask({ app, config, user, left }: Asked, { secret, clientId }: Client): Promise<Answered> {
    const wait = Math.ceil((app.context.throttledUntil - clock.now()) / 1_000)
    if (wait > 0) return notTried(`not sent: the provider throttles the app for another ${wait} s`, 'wait')
    const release = left() > 0 ? await attempts.acquireSlot(app, left()) : null
    if (release === null) return notTried('not sent: there was no time left for it', 'try again')
    try {
      return await provider.refreshToken({
        config: clientId === undefined ? config : { ...config, clientId },
        ...(secret && { clientSecret: secret }),
        user: user ?? config.clientId,
        refreshToken: dummyRefreshToken(),
        // A refusal of a dummy token must not count as a fault of the request.
        workedBefore: spendsRefreshToken(config),
        timing: { connectMs: left(), answerMs: left() },
      })
    } finally {
      release()
    }
  }

  /** Sends the same request as the baseline: with a dummy secret, or a dummy client id if the app has no secret. */
  async function askControl(asked: Asked, first: ClientSecret | undefined): Promise<Answered> {
    const { config } = asked
    if (first === undefined) return ask(asked, { clientId: dummyClientId() })
    return ask(asked, { secret: await dummySecret(config, first.secret) })
  }

  function credentials(secret: ClientSecret | undefined, { message, ...result }: CheckResult): VerifiedStep {
    if (secret === undefined)
      return { step: 'credentials', ...result, message: `without a secret: ${message}` }
    const { id, expiresAt } = secret
    const text = `secret ${id}, ${lifeLeft(expiresAt, clock.now())}: ${message}`
    return { step: 'credentials', secret: id, ...result, message: text }
  }

  return {
    async verifyApp(id, { user, params = {} }) {
      const deadline = timers.elapsed() + replyWithin
      const app = await apps.look(id)
      if (app.config === null) return appNotFound()
      const filled = fillParams(app.config, params)
      const config = filled.ok ? filled.value : app.config
      const steps: VerifiedStep[] = []
      const allIsWell = () => steps.every((each) => each.ok !== false)
      const atProvider: Part[] = filled.ok ? [discovery, client] : [() => [unfilled(filled.failure.message)]]
      for (const part of [configuration, redirect, ...atProvider]) {
        if (!allIsWell()) break
        steps.push(...(await part({ app, config, user, left: () => deadline - timers.elapsed() })))
      }
      return ok({ app: id, ok: allIsWell(), steps })
    },
  }
}

function unfilled(message: string): VerifiedStep {
  return {
    step: 'token_endpoint',
    ok: null,
    message: `not sent: ${message}`,
    action: 'give params to the verification',
  }
}

interface Client {
  readonly secret?: Secret | undefined
  readonly clientId?: string
}

/** The response, or why the request was not sent. */
type Answered = TokenAnswer | CheckResult

const isAnswer = (answer: Answered): answer is TokenAnswer => 'kind' in answer

/** The baseline: the response to a dummy client, as far as known. */
function compared(
  { app, config, user }: Asked,
  answers: readonly Answered[],
  control: Answered | undefined,
): Omit<ClientCheck, 'answer'> {
  const known = control !== undefined && isAnswer(control) ? control : undefined
  const other = known && keyOf(known)
  const keys = answers.filter(isAnswer).map(keyOf)
  const isConclusive = other != null && keys.some((key) => key !== null && key !== other)
  return {
    control: known,
    isConclusive: isConclusive || isBaselineConclusive(app.context, app),
    config,
    user,
  }
}

function notTried(message: string, action: string): CheckResult {
  return { ok: false, message, action }
}

function lifeLeft(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'no expiry known'
  const days = Math.floor((expiresAt - now) / day)
  return days < 0 ? 'expired' : `${days} days left`
}
