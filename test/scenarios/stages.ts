import { generateKeyPairSync } from 'node:crypto'
import { startSandbox } from '../../src/sandbox/server.ts'
import type { StandInClock } from '../support/stand-ins/clock.ts'
import { startGoogle } from '../support/stand-ins/google.ts'
import { startMailRu } from '../support/stand-ins/mail-ru.ts'
import { startMicrosoft } from '../support/stand-ins/microsoft.ts'
import { startPlain } from '../support/stand-ins/plain.ts'

/** A preset, a stand-in that plays its provider, and the app's settings that lead there. */
export interface Stage<S extends AsyncDisposable = AsyncDisposable> {
  readonly start: () => Promise<S>
  readonly app: (standIn: S) => object
  /** False if tokens need no consent. */
  readonly hasConsent: boolean
}

const endpoints = (standIn: { authorizeUrl: string; tokenUrl: string }) => ({
  authorizeUrl: standIn.authorizeUrl,
  tokenUrl: standIn.tokenUrl,
})
const credentials = ({ id, secret }: { id: string; secret: string }) => ({
  clientId: id,
  clientSecret: secret,
})
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const privateKeyPem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))

const gmail: Stage<Awaited<ReturnType<typeof startGoogle>>> = {
  start: () => startGoogle(),
  app: (google) => ({
    provider: 'gmail',
    ...endpoints(google),
    ...credentials(google.client),
    revocationUrl: google.revocationUrl,
  }),
  hasConsent: true,
}

const testedGmail: typeof gmail = {
  ...gmail,
  app: (google) => ({ ...gmail.app(google), testing: true }),
}

const gmailService: typeof gmail = {
  async start() {
    const google = await startGoogle({ serviceKey: publicKey })
    google.adminDelegates('alice@example.com')
    return google
  },
  app: ({ serviceAccount, tokenUrl }) => ({
    provider: 'gmailService',
    clientId: serviceAccount,
    serviceKey: privateKeyPem,
    tokenUrl,
  }),
  hasConsent: false,
}

const outlook: Stage<Awaited<ReturnType<typeof startMicrosoft>>> = {
  start: () => startMicrosoft(),
  app: (microsoft) => ({
    provider: 'outlook',
    tenant: microsoft.tenant,
    ...endpoints(microsoft),
    ...credentials(microsoft.client),
  }),
  hasConsent: true,
}

/** The cure for secrets that expire: a key of the app's own. */
const outlookWithKey: typeof outlook = {
  start: () => startMicrosoft({ publicKey }),
  app: (microsoft) => ({ ...outlook.app(microsoft), clientSecret: privateKeyPem }),
  hasConsent: true,
}

const outlookService: typeof outlook = {
  ...outlook,
  app: ({ tenant, tokenUrl, client }) => ({
    provider: 'outlookService',
    tenant,
    tokenUrl,
    ...credentials(client),
  }),
  hasConsent: false,
}

const mailRu: Stage<Awaited<ReturnType<typeof startMailRu>>> = {
  start: startMailRu,
  app: (standIn) => ({ provider: 'mailRu', ...endpoints(standIn), ...credentials(standIn.client) }),
  hasConsent: true,
}

/** The preset `oidc` with explicit endpoints, at a provider that follows the RFC. */
const plain: Stage<Awaited<ReturnType<typeof startPlain>>> = {
  start: startPlain,
  app: (standIn) => ({ provider: 'oidc', ...endpoints(standIn), ...credentials(standIn.client) }),
  hasConsent: true,
}

/** Strict rotation by a certified server. */
const oidc: Stage<Awaited<ReturnType<typeof startSandboxStandIn>>> = {
  start: startSandboxStandIn,
  app: ({ url, client }) => ({
    provider: 'oidc',
    issuer: url,
    ...credentials({ id: client.id, secret: client.secret.reveal() }),
  }),
  hasConsent: true,
}

export const stages = {
  gmail,
  testedGmail,
  gmailService,
  outlook,
  outlookWithKey,
  outlookService,
  mailRu,
  plain,
  oidc,
}

export type StageName = keyof typeof stages
export type StandInOf<N extends StageName> = Awaited<ReturnType<(typeof stages)[N]['start']>>
export type AnyStandIn = AsyncDisposable & { readonly clock?: StandInClock }

async function startSandboxStandIn() {
  const sandbox = await startSandbox({ port: 0, accessTokenSeconds: 3_600 })
  const { revoke: userRemovesApp, expireSecret: secretExpires } = sandbox.control
  return { ...sandbox, userRemovesApp, secretExpires, [Symbol.asyncDispose]: () => sandbox.close() }
}
