import { randomBytes, randomUUID } from 'node:crypto'
import { appPutSchema } from '../../src/contract/app.ts'
import { toAppConfig } from '../../src/provider/app-settings.ts'
import { createProvider } from '../../src/provider/provider.ts'
import type { Tokens } from '../../src/provider/token-answer.ts'
import { signIn } from '../../src/sandbox/sign-in.ts'
import type { LiveTokenbus } from '../support/live-tokenbus.ts'
import type { Reply } from '../support/nodes.ts'
import type { Span } from '../support/stand-ins/clock.ts'
import type { AnyStandIn, Stage } from './stages.ts'

/** One account of one app, with its own provider. */
export interface Scene<S> extends AsyncDisposable {
  readonly tokenbus: LiveTokenbus
  readonly standIn: S
  readonly app: string
  readonly account: string
  readonly user: string
  /** How the account was put: the answer. */
  readonly connected: Reply
  /** Consents (again), and puts the account with the result. */
  connect(): Promise<Reply>
  /** Another account, with the same grant if there was a consent; returns its id. It has no access token yet. */
  connectAnother(): Promise<string>
  /** An account of another user, by a separate consent; returns its id. */
  connectSomebody(somebody: string): Promise<string>
  /** Another grant, because one refused grant does not open the app's circuit at once. */
  connectWitness(): Promise<string | undefined>
  forceRefresh(): Promise<Reply>
  /** For the account and its app, and at the provider. */
  timePasses(by: Span): Promise<void>
  /** For the account and its app; at the provider, as for whoever signs assertions, it is still now. */
  accountWaits(by: Span): Promise<void>
  invalid(options?: { after?: number }): Promise<Reply>
  refreshed(options?: { after?: number }): Promise<Reply>
}

export interface SetScene<S extends AnyStandIn> {
  readonly tokenbus: LiveTokenbus
  readonly stage: Stage<S>
  /** More settings of the app, or others. */
  readonly settings?: object
  /** Before the account is connected. */
  readonly prepare?: (standIn: S) => unknown
}

const user = 'alice@example.com'
const witness = 'witness@example.com'

export async function setScene<S extends AnyStandIn>({
  tokenbus,
  stage,
  settings = {},
  prepare,
}: SetScene<S>): Promise<Scene<S>> {
  const standIn = await stage.start()
  prepare?.(standIn)
  const [app, account] = [`app-${randomUUID()}`, `account-${randomUUID()}`]
  const appPut = { ...stage.app(standIn), ...settings }
  const made = await tokenbus.request(`app.put.${app}`, appPut)
  if (made.error !== undefined) throw new Error(`the app was refused: ${made.message}`)

  let consented: Consented | undefined

  function put(id: string, tokens: object = {}): Promise<Reply> {
    return tokenbus.request(`account.put.${id}`, { app, user, policy: 'lazy', ...tokens })
  }

  const consentOf = async (somebody: string) =>
    stage.hasConsent ? await consent({ app, appPut, user: somebody }) : undefined

  async function connect(): Promise<Reply> {
    consented = await consentOf(user)
    return put(account, consented)
  }

  async function accountWaits(by: Span): Promise<void> {
    await tokenbus.timePasses({ app }, by)
    await tokenbus.timePasses({ account }, by)
  }

  return {
    tokenbus,
    standIn,
    app,
    account,
    user,
    connected: await connect(),
    connect,
    async connectAnother() {
      const id = `account-${randomUUID()}`
      const { refreshToken } = consented ?? {}
      await put(id, refreshToken === undefined ? {} : { refreshToken })
      return id
    },
    async connectSomebody(somebody) {
      const id = `account-${randomUUID()}`
      await put(id, { user: somebody, ...(await consentOf(somebody)) })
      return id
    },
    async connectWitness() {
      if (!stage.hasConsent) return undefined
      const id = `account-${randomUUID()}`
      await put(id, { user: witness, ...(await consentOf(witness)) })
      return id
    },
    forceRefresh: () => tokenbus.request(`token.get.${account}`, { forceRefresh: true }),
    async timePasses(by) {
      standIn.clock?.advance(by)
      await accountWaits(by)
    },
    accountWaits,
    invalid: (options) => tokenbus.heard('token.invalid', account, options),
    refreshed: (options) => tokenbus.heard('token.refreshed', account, options),
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  }
}

interface Consented {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly expires: string
  readonly scopes?: readonly string[]
}

interface Consenting {
  readonly app: string
  readonly appPut: object
  readonly user: string
}

const redirectUri = 'http://127.0.0.1/oauth'

/** The authorization code grant, from the consent page to the tokens. */
async function consent({ app, appPut, user }: Consenting): Promise<Consented> {
  const provider = createProvider({ allowPrivate: true })
  try {
    const put = appPutSchema.parse(appPut)
    const config = await toAppConfig({ app, put, allowPrivate: true })
    if (!config.ok) throw new Error(config.failure.message)
    const asking = {
      config: config.value,
      redirectUri,
      state: randomBytes(16).toString('base64url'),
      codeVerifier: randomBytes(32).toString('base64url'),
    }
    const page = await provider.authorizationUrl({ ...asking, loginHint: user })
    if (!page.ok) throw new Error(page.failure.message)
    const callbackUrl = await signIn({ authorizationUrl: page.value })
    const client = put.clientSecret && { clientSecret: put.clientSecret }
    const answer = await provider.redeemCode({ ...asking, ...client, callbackUrl })
    if (answer.kind !== 'tokens') throw new Error(`the code was refused: ${answer.refusal.reason}`)
    return toPut(answer)
  } finally {
    await provider.close()
  }
}

function toPut({ accessToken, refreshToken, expiresIn = 3_600, scopes }: Tokens): Consented {
  return {
    accessToken: accessToken.reveal(),
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    expires: new Date(Date.now() + expiresIn * 1_000).toISOString(),
    ...(scopes && { scopes }),
  }
}
