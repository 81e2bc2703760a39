import { pino } from 'pino'
import { createAccounts } from '../../src/actors/account-actor.ts'
import { createNewerForms } from '../../src/actors/newer-forms.ts'
import { createSealedTokens } from '../../src/actors/sealed-tokens.ts'
import { unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import { realTimers } from '../../src/common/timers.ts'
import { StorageUnavailable } from '../../src/redis/storage-unavailable.ts'
import { createPendingAnswers } from '../../src/refresh/pending-answers.ts'
import type { TestNode } from './node.ts'
import { sampleFor } from './stored-accounts.ts'

const far = '2099-01-01T00:00:00Z'
export const ticket = 'a-ticket-of-forty-three-characters-in-all--'

/** Apps in every state; those of `app` fit the accounts of the samples. */
export async function putApps({ tokenbus, host }: TestNode): Promise<void> {
  const tokenUrl = 'http://127.0.0.1:1/token'
  const oidc = { provider: 'oidc', clientId: 'client', tokenUrl } as const
  const secret = { clientSecret: new Secret('client-secret') }
  await tokenbus.putApp('app', { ...oidc, ...secret, name: 'An app', scopes: ['openid', 'mail'] })
  await tokenbus.putApp('public', { ...oidc, rotation: 'strict' })
  await tokenbus.putApp('service', { ...oidc, ...secret, grant: 'client_credentials' })
  await tokenbus.putApp('gone', { ...oidc, ...secret })
  await tokenbus.deleteApp('gone', {})
  const soon = new Date(Date.now() + 5 * 86_400_000).toISOString()
  const two = [{ id: 'one', secret: new Secret('first'), expiresAt: soon }, { secret: new Secret('second') }]
  await tokenbus.putApp('secret-expiring', { ...oidc, secrets: two })
  const refused = {
    type: 'client.rejected' as const,
    accusation: 'client' as const,
    attempt: 'first',
    workedBefore: true,
    refusedBefore: null,
    triesNext: false,
    earlier: null,
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
  }
  for (const id of ['suspected', 'secret-expired', 'throttled'])
    await tokenbus.putApp(id, { ...oidc, ...secret })
  for (const grant of ['first', 'second']) {
    const { context, endpoint } = await host.apps.look('secret-expired')
    const sent = { at: Date.now(), endpoint, question: context.question?.id ?? null }
    const refusedSecrets = context.secrets.map(({ id }) => id)
    await host.apps.report('secret-expired', { ...refused, grant, sent, refusedSecrets })
  }
  const { endpoint } = await host.apps.look('suspected')
  const sent = { at: Date.now(), endpoint, question: null }
  await host.apps.report('suspected', { ...refused, grant: 'first', sent, refusedSecrets: [] })
  await host.apps.report('throttled', { type: 'provider.throttled', until: Date.parse(far) })
}

/** Account actors whose attempts are never performed, so they stay in flight. */
export const accountsOf = (
  { storage, clock, host }: TestNode,
  { tell = (id: string) => host.outbox.saved({ kind: 'account', id }) } = {},
) =>
  createAccounts({
    ...storage,
    clock,
    newerForms: createNewerForms({ logger: pino({ level: 'silent' }), observer: unobserved }),
    sealed: createSealedTokens(storage.sealer),
    beforeSave: () => undefined,
    afterSave: tell,
    send: () => undefined,
  })

/** Answers the ids of those with a history. */
export async function putAccounts(node: TestNode, paths: readonly (readonly string[])[]): Promise<string[]> {
  const { tokenbus } = node
  const accounts = accountsOf(node)
  const ids = paths.map((_, index) => `account-${index}`)
  for (const [index, path] of paths.entries()) {
    for (const sample of path)
      await accounts.receive(`account-${index}`, ({ snapshot }) => sampleFor(sample, snapshot))
  }
  const alice = { user: 'alice@example.com', subject: 'sub-of-alice', metadata: { team: 'a' } }
  const grant = { accessToken: new Secret('access'), refreshToken: new Secret('refresh'), expires: far }
  const identity = { issuer: 'https://login.example', tid: 't', oid: 'o', signedInAs: 'alice@example.com' }
  const consented = { identity, addresses: ['alice@example.com'] }
  await tokenbus.putAccount('alice', { app: 'app', ...alice, ...grant }, { consented })
  await tokenbus.putAccount('robot', { app: 'service', user: 'robot@example.com' })
  return [...ids, 'alice', 'robot']
}

/** Answers an API token. */
export async function putTheRest({ tokenbus, storage }: TestNode): Promise<string> {
  const made = await tokenbus.createApiToken({ name: 'everything', scopes: ['admin'] })
  if (!made.ok) throw new Error(made.failure.message)
  const some = { scopes: ['token:read' as const], accounts: 'a*', expiresAt: far, perSecond: 7 }
  await tokenbus.createApiToken({ name: 'some', ...some })
  const pending = storage.pendingConsents
  const details = {
    account: 'alice',
    app: 'app',
    name: 'Alice',
    email: 'alice@example.com',
    redirectUrl: 'http://127.0.0.1/',
  }
  await pending.put(ticket, { details: { ...details, nonce: 'nonce' }, secret: 'verifier' })
  return made.value.token
}

/** A refresh of `kept` whose response could not be stored because of an internal error. */
export async function keepAnswer(node: TestNode): Promise<void> {
  const { tokenbus, host } = node
  const grant = { accessToken: new Secret('access'), refreshToken: new Secret('refresh'), expires: far }
  await tokenbus.putAccount('kept', { app: 'app', user: 'kept@example.com', ...grant })
  const asked = await accountsOf(node).receive('kept', ({ snapshot }) =>
    sampleFor('token.requested, forced', snapshot),
  )
  const { attempt } = asked.snapshot.context
  if (attempt === null) throw new Error('nothing is in flight')
  const answer = {
    account: 'kept',
    attempt: attempt.id,
    grantId: attempt.grantId,
    baseGeneration: attempt.generation,
    startedAt: attempt.startedAt,
    expiresIn: 3_600_000,
    refreshTokenExpiresIn: null,
    scopes: ['openid'],
    resource: null,
    tokens: { accessToken: new Secret('kept-access'), refreshToken: new Secret('kept-refresh') },
  }
  await host.arrivedAnswers.keep(answer, new Error('for the fixture'))
}

/** An answer as it lies in the spool while Redis refuses it. */
export async function spooledBy({ storage, host }: TestNode): Promise<string> {
  const { context } = (await host.accounts.load('alice')).snapshot
  let text = ''
  let refusals = 0
  const held = createPendingAnswers({
    spool: {
      async write(_, written) {
        text = written
      },
      read: async () => text,
      remove: async () => {},
      names: async () => [],
    },
    sealer: storage.sealer,
    sealed: createSealedTokens(storage.sealer),
    timers: realTimers,
    logger: pino({ level: 'silent' }),
    store: async () => {
      if (refusals++ === 0) throw new StorageUnavailable('Redis refuses it')
    },
    keep: async () => {},
  })
  const answer = {
    account: 'alice',
    attempt: 'spooled',
    grantId: context.grantId as string,
    baseGeneration: context.generation,
    startedAt: context.since,
    expiresIn: 3_600_000,
    refreshTokenExpiresIn: null,
    scopes: ['openid'],
    resource: null,
    tokens: { accessToken: new Secret('spooled-access'), refreshToken: new Secret('spooled-refresh') },
  }
  await held.store(answer, await host.accounts.load('alice'))
  return text
}
