import { randomBytes } from 'node:crypto'
import type { App, Apps, ClientSecret } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { Secret } from '../common/secret.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import type { AppPatch, AppPut, VerifiedStep } from '../contract/app.ts'
import { appNotFound, ok, type Result } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Endpoint } from '../provider/endpoints.ts'
import type { Provider } from '../provider/provider.ts'
import { fillParams } from '../provider/url-params.ts'
import type { Attempts } from '../refresh/attempts.ts'
import { keptSecrets } from './apps.ts'
import { type ClientVerdicts, judgeClient, type Verdict, wordsOf } from './credential-verdict.ts'

export interface AppVerificationOptions {
  readonly apps: Pick<Apps, 'look'>
  readonly attempts: Pick<Attempts, 'turn'>
  readonly provider: Pick<Provider, 'refreshToken' | 'resolveEndpoint'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers?: Pick<Timers, 'elapsed'>
  /** As when an app is put. */
  configOf(app: string, put: AppPut): Promise<Result<AppConfig>>
  putOf(config: AppConfig, patch: AppPatch): AppPut
  /** Where providers send the browser back to. */
  readonly redirectUri: () => string
}

interface Asked {
  readonly app: App
  readonly config: AppConfig
  readonly user: string | undefined
  /** Milliseconds until the caller must have heard. */
  left(): number
}

type Part = (asked: Asked) => VerifiedStep[] | Promise<VerifiedStep[]>

/** Plain callers give up after 5 s. */
const patience = 4_000
const day = 86_400_000

/** Walks through the set-up of an app, as far as it goes. Nothing that comes of it is told to the app. */
export function createAppVerification(options: AppVerificationOptions): Pick<Tokenbus, 'verifyApp'> {
  const { apps, attempts, provider, clock, timers = realTimers, configOf, putOf, redirectUri } = options

  /** Would these settings be taken if they were put now, here? */
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
    const message = `to be registered at the provider: ${redirectUri()}${sentAs}`
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
      const resolved = await provider.resolveEndpoint({ config, endpoint, within: left(), anew: index === 0 })
      if (!resolved.ok) {
        const { action } = resolved.refusal
        return [{ step: 'discovery', ok: false, message: wordsOf(resolved.refusal), action }]
      }
      found.push(resolved.url.origin + resolved.url.pathname)
    }
    return [{ step: 'discovery', ok: true, message: `found ${found.join(' and ')}` }]
  }

  const client: Part = async (asked) => {
    const { secrets } = asked.app
    const [first, ...others] = secrets
    const verdicts = [await tryOut(asked, first)]
    const { endpoint } = verdicts[0] as ClientVerdicts
    if (!endpoint.ok) return [{ step: 'token_endpoint', ...endpoint }]
    for (const secret of others) verdicts.push(await tryOut(asked, secret))
    const delegations = verdicts.flatMap((each) => each.delegation ?? []).slice(0, 1)
    return [
      { step: 'token_endpoint', ...endpoint },
      ...verdicts.map((each, i) => credentials(secrets[i], each.client ?? each.endpoint)),
      ...delegations.map((each) => ({ step: 'delegation' as const, ...each })),
    ]
  }

  /** The next request for a token, with a refresh token that nobody has ever been given. */
  async function tryOut({ app, config, user, left }: Asked, secret?: ClientSecret): Promise<ClientVerdicts> {
    const wait = Math.ceil((app.context.throttledUntil - clock.now()) / 1_000)
    if (wait > 0)
      return unasked(`not asked: the provider wants to be left alone for another ${wait} s`, 'wait')
    const leave = left() > 0 ? await attempts.turn(app, left()) : null
    if (leave === null) return unasked('not asked: there was no time left for it', 'try again')
    try {
      const answer = await provider.refreshToken({
        config,
        ...(secret && { clientSecret: secret.secret }),
        user: user ?? config.clientId,
        refreshToken: new Secret(`tokenbus-verify-${randomBytes(24).toString('base64url')}`),
        timing: { connectMs: left(), answerMs: left() },
      })
      return judgeClient({ answer, config, user })
    } finally {
      leave()
    }
  }

  function credentials(secret: ClientSecret | undefined, { message, ...verdict }: Verdict): VerifiedStep {
    if (secret === undefined)
      return { step: 'credentials', ...verdict, message: `without a secret: ${message}` }
    const { id, expiresAt } = secret
    const told = `secret ${id}, ${lifeLeft(expiresAt, clock.now())}: ${message}`
    return { step: 'credentials', secret: id, ...verdict, message: told }
  }

  return {
    async verifyApp(id, { user, params = {} }) {
      const deadline = timers.elapsed() + patience
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
    message: `not asked: ${message}`,
    action: 'verify it with params',
  }
}

function unasked(message: string, action: string): ClientVerdicts {
  return { endpoint: { ok: false, message, action } }
}

function lifeLeft(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'no end known'
  const days = Math.floor((expiresAt - now) / day)
  return days < 0 ? 'past its end' : `${days} days left`
}
