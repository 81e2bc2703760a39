import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type Provider from 'oidc-provider'
import { Secret } from '../common/secret.ts'
import { StartError } from '../common/start-error.ts'
import { accountIdOf } from './account-id.ts'
import { configurationOf } from './configuration.ts'
import { controlRoutes } from './control.ts'
import { answerInteraction } from './interactions.ts'
import { createMisbehaviour } from './misbehaviour.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'
import { openStore, type SandboxState } from './store.ts'

const usualPort = 7071

/** An OAuth server that rotates refresh tokens, detects reuse, and can simulate failures. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { dataDir, accessTokenSeconds = 60 } = options
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const { default: OidcProvider } = await quietly(() => import('oidc-provider').catch(notInstalled))
  const store = openStore(dataDir === undefined ? null : join(dataDir, 'sandbox.json'), newSetup)
  const { setup } = store.state
  const misbehaviour = createMisbehaviour()
  const issued: Secret[] = []
  const control: Sandbox['control'] = {
    ...misbehaviour,
    revoke: (user) => store.revokeUser(accountIdOf(user)),
    expireSecret() {
      setup.refused.push(...setup.secrets.splice(0))
      store.write()
    },
    newSecret() {
      const secret = randomBytes(24).toString('base64url')
      setup.secrets.push(secret)
      store.write()
      return new Secret(secret)
    },
  }
  const client = () => ({
    id: 'sandbox',
    secret: new Secret(setup.secrets.at(-1) ?? control.newSecret().reveal()),
  })
  const controls = controlRoutes(control, client)
  await controls.ready()

  const server = createServer()
  const url = `http://127.0.0.1:${await listenNear(server, options.port ?? usualPort)}`
  const provider = await quietly(
    async () => new OidcProvider(url, configurationOf({ store, accessTokenSeconds })),
  )
  const serve = provider.callback()
  for (const event of ['access_token.saved', 'refresh_token.saved']) {
    provider.on(event as 'access_token.saved', ({ jti }) => issued.push(new Secret(jti)))
  }
  acceptAnyOfItsSecrets(provider, setup)

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', url).pathname
    if (path.startsWith('/sandbox/')) return controls.routing(request, response)
    if (path.startsWith('/interaction/')) return answerInteraction(provider, request, response)
    if (path === '/token' && !(await misbehaviour.before(request, response))) return
    await serve(request, response)
  }

  server.on('request', (request, response) => {
    route(request, response).catch(() => response.headersSent || response.writeHead(500).end())
  })
  return {
    url,
    client: client(),
    control,
    issued: () => issued,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await controls.close()
    },
  }
}

/** Listens on the usual port, else on any free one. Comes first, because the issuer contains the port. */
async function listenNear(server: Server, usual: number): Promise<number> {
  const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening')
  await listen(usual).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return listen(0)
  })
  return (server.address() as AddressInfo).port
}

function newSetup(): SandboxState['setup'] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'sandbox' }
  return {
    secrets: [randomBytes(24).toString('base64url')],
    refused: [],
    jwks: { keys: [jwk] },
    cookieKeys: [randomBytes(24).toString('base64url')],
  }
}

/** Accepts all secrets that have not expired, whereas oidc-provider supports one per client. */
function acceptAnyOfItsSecrets(provider: Provider, { secrets }: SandboxState['setup']): void {
  provider.Client.prototype.compareClientSecret = async (actual: string) => secrets.includes(actual)
}

function notInstalled(cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
  throw new StartError(
    'The sandbox OAuth server needs oidc-provider, which tokenbus does not install by itself: npm install oidc-provider@9.',
    { cause },
  )
}

/** Silences oidc-provider's console warnings about what a sandbox does on purpose. */
async function quietly<T>(create: () => Promise<T>): Promise<T> {
  const { warn, info } = globalThis.console
  Object.assign(globalThis.console, { warn() {}, info() {} })
  try {
    return await create()
  } finally {
    Object.assign(globalThis.console, { warn, info })
  }
}
