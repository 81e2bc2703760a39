import { createHash, type KeyObject } from 'node:crypto'
import type { Behaviour } from './behaviour.ts'
import { type ClientProofs, clientProofs } from './client-proofs.ts'
import { webClient } from './clients.ts'
import { createClock, millisecondsIn } from './clock.ts'
import { conditions } from './conditions.ts'
import type { Denial } from './denial.ts'
import { createGrants } from './grants.ts'
import { idTokens, subjectOf } from './id-tokens.ts'
import { ageLimit, idleLimit } from './lifetimes.ts'
import { microsoftWords as words } from './microsoft-words.ts'
import { offlineAccess } from './offline-access.ts'
import { oneResource } from './resources.ts'
import { startStandIn } from './stand-in.ts'
import { throttling } from './throttling.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const sharedTenants = ['common', 'organizations', 'consumers']
const client = { id: '6731de76-14a6-49ae-97bc-6eba6914391e', secret: 'ab8Q~made.up_secret' }
const anotherSecret = 'cd9Q~another.made_up'

/** Source: learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime. */
const idle = { days: 90 }
const longest = { days: 365 }

export type MicrosoftStandIn = Awaited<ReturnType<typeof startMicrosoft>>

/**
 * Entra ID as an app meets it: a new refresh token each time, the old one still good, and a number for everything. With
 * a public key the app has no secret, and proves itself by what it signs.
 */
export async function startMicrosoft({ publicKey }: { publicKey?: KeyObject } = {}) {
  const clock = createClock()
  const grants = createGrants()
  const proof: ClientProofs =
    publicKey === undefined
      ? { secrets: [{ secret: client.secret }], keys: [] }
      : { secrets: [], keys: [publicKey] }
  const wrong = conditions()
  const throttle = throttling(words.throttled)

  const standIn = await startStandIn({
    clock,
    grants,
    clients: [webClient(client.id, 'client_credentials')],
    rotates: true,
    unknownToken: words.unknownToken,
    inOwnWords: words.inOwnWords,
    behaviours: [
      throttle.behaviour,
      knownTenant,
      wrong.behaviour,
      clientProofs({
        proofs: new Map([[client.id, proof]]),
        audience: (path) => `${standIn.url}${path}`,
        denials: words.client,
      }),
      offlineAccess(grants, ({ grant }) => grant.scopes.includes('offline_access')),
      oneResource({ several: words.severalResources, notConsented: words.noConsent }),
      idleLimit({ after: idle, with: words.idle }),
      ageLimit({ after: longest, with: words.tooOld }),
      idTokens({
        clock,
        issuer: () => `https://login.microsoftonline.com/${tenant}/v2.0`,
        claimsOf: ({ user, scopes }) => ({
          sub: `pairwise-${subjectOf(user)}`,
          ...(scopes.includes('profile') && { tid: tenant, oid: oidOf(user), preferred_username: user }),
        }),
      }),
    ],
  })
  const path = `${standIn.url}/${tenant}/oauth2/v2.0`
  const end = (user: string, denial: Denial) => grants.end((grant) => grant.user === user, denial)

  return {
    ...standIn,
    authorizeUrl: `${path}/authorize`,
    tokenUrl: `${path}/token`,
    tenant,
    client,
    secretExpires: () =>
      void proof.secrets.splice(0, 1, { secret: client.secret, expiresAt: clock.now() - 1 }),
    secretIsRemoved: () => void proof.secrets.splice(0, 1),
    /** For half a year. Answers its text. */
    secretIsAdded(): string {
      proof.secrets.push({ secret: anotherSecret, expiresAt: clock.now() + millisecondsIn({ days: 180 }) })
      return anotherSecret
    },
    keyIsRemoved: () => void proof.keys.splice(0),
    keyIsBack: () => void (publicKey && proof.keys.push(publicKey)),
    userRemovesConsent: (user: string) => end(user, words.noConsent),
    permissionsChange: (user: string) => end(user, words.noConsent),
    adminResetsPassword: (user: string) => end(user, words.passwordReset),
    userSignsOutEverywhere: (user: string) => end(user, words.signedOut),
    adminDisablesUser: (user: string) => wrong.user(user, words.userDisabled),
    adminDemandsMfa: (user: string) => wrong.user(user, words.mfa),
    adminDemandsMfaEnrolment: (user: string) => wrong.user(user, words.mfaEnrolment),
    adminBlocksByPolicy: (user: string) => wrong.user(user, words.conditionalAccess),
    userIsWell: wrong.cure,
    adminDisablesApp: () => wrong.client(client.id, words.disabled),
    adminRemovesApp: () => wrong.client(client.id, words.removed),
    /** In the tenant of this user, where the app is open to many. */
    tenantRemovesApp: (user: string) => wrong.user(user, words.removed),
    tenantDisablesApp: (user: string) => wrong.user(user, words.disabled),
    clientIsWell: () => wrong.cure(client.id),
    throttle: throttle.next,
  }
}

/** The user's id in the directory. */
export const oidOf = (user: string) =>
  createHash('sha256')
    .update(user)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')

const knownTenant: Behaviour = {
  arrived({ path, form }) {
    const [, asked = ''] = path.split('/')
    const isShared = sharedTenants.includes(asked)
    if (asked !== tenant && !isShared) return words.unknownTenant
    return isShared && form.get('grant_type') === 'client_credentials' ? words.needsTenant : undefined
  },
}
