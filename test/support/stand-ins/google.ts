import type { KeyObject } from 'node:crypto'
import { type ClientProofs, clientProofs } from './client-proofs.ts'
import { redirectUri, webClient } from './clients.ts'
import { createClock, millisecondsIn } from './clock.ts'
import { conditions } from './conditions.ts'
import { googleWords as words } from './google-words.ts'
import { createGrants, type Grant } from './grants.ts'
import { googleScopes, idTokens, subjectOf } from './id-tokens.ts'
import { ageLimit, grantLimit, idleLimit, timeBoundConsent } from './lifetimes.ts'
import { offlineAccess } from './offline-access.ts'
import { domainOf, jwtBearer, jwtBearerGrant } from './service-accounts.ts'
import { startStandIn } from './stand-in.ts'
import { throttling } from './throttling.ts'

const client = { id: '1234-abcd.apps.googleusercontent.com', secret: 'GOCSPX-made~up.secret' }
const serviceAccount = 'robot@project.iam.gserviceaccount.com'
const mailScope = 'https://mail.google.com/'

/** Source: developers.google.com/identity/protocols/oauth2#expiration. */
const maxGrants = 100
const idle = { days: 183 }
const underTest = { days: 7 }

export type GoogleStandIn = Awaited<ReturnType<typeof startGoogle>>

/** Google as an app meets it: refresh tokens that never rotate, and six ways to lose one that all sound alike. */
export async function startGoogle({ serviceKey }: { serviceKey?: KeyObject } = {}) {
  const clock = createClock()
  const grants = createGrants()
  const proof: ClientProofs = { secrets: [{ secret: client.secret }], keys: [] }
  const wrong = conditions()
  const limited = timeBoundConsent(words.expiredOrRevoked)
  const throttle = throttling(() => words.throttled)
  let bareIssuer = false
  const testing = new Set<string>()
  const delegatedTo = new Set<string>()

  const standIn = await startStandIn({
    clock,
    grants,
    clients: [webClient(client.id), { id: serviceAccount, redirectUris: [], grants: [jwtBearer] }],
    rotates: false,
    unknownToken: words.unknownToken,
    inOwnWords: words.inOwnWords,
    behaviours: [
      throttle.behaviour,
      wrong.behaviour,
      clientProofs({
        proofs: new Map([[client.id, proof]]),
        audience: () => standIn.tokenUrl,
        denials: words.client,
      }),
      // Offline access comes with the first consent, and again only where consent is asked for again.
      offlineAccess(grants, ({ grant, query }) => {
        const isFirst = grants.of(grant).length === 1
        return query.get('access_type') === 'offline' && (isFirst || query.get('prompt') === 'consent')
      }),
      grantLimit(grants, { most: maxGrants, with: words.expiredOrRevoked }),
      idleLimit({ after: idle, with: words.expiredOrRevoked }),
      ageLimit({
        after: underTest,
        only: (grant) => testing.has(grant.client),
        with: words.expiredOrRevoked,
      }),
      limited.behaviour,
      googleScopes,
      idTokens({
        clock,
        issuer: () => (bareIssuer ? 'accounts.google.com' : 'https://accounts.google.com'),
        claimsOf: ({ user, scopes }) =>
          scopes.includes('email') ? { email: user, email_verified: true } : {},
      }),
    ],
    moreGrants: {
      [jwtBearer]: jwtBearerGrant({
        clock,
        keys: new Map(serviceKey && [[serviceAccount, serviceKey]]),
        delegatedTo,
        audience: () => standIn.tokenUrl,
        denials: words.serviceAccount,
      }),
    },
    routes: {
      '/revoke': (form) => {
        const token = form.get('token') ?? ''
        return end(({ refreshTokens }) => refreshTokens.has(token)) > 0 ? {} : words.notRevocable
      },
    },
  })
  const end = (which: (grant: Grant) => boolean) => grants.end(which, words.expiredOrRevoked)

  return {
    ...standIn,
    client,
    serviceAccount,
    /** Its own name for a person, which security events use. */
    subjectOf,
    revocationUrl: `${standIn.url}/revoke`,
    userRemovesApp: (user: string) => end((grant) => grant.user === user),
    userChangesPassword: (user: string) =>
      end((grant) => grant.user === user && grant.scopes.includes(mailScope)),
    /** Consents on other machines with offline access, whose codes are not redeemed. */
    async userConsentsElsewhere(user: string, times = maxGrants): Promise<void> {
      const here = { client_id: client.id, redirect_uri: redirectUri, scope: mailScope, login_hint: user }
      const how = { response_type: 'code', state: 'elsewhere', access_type: 'offline', prompt: 'consent' }
      const url = `${standIn.authorizeUrl}?${new URLSearchParams({ ...here, ...how })}`
      for (let each = 0; each < times; each++) await fetch(url, { redirect: 'manual' })
    },
    consentEnds: (user: string, { days }: { days: number }) =>
      limited.until(user, clock.now() + millisecondsIn({ days })),
    appIsInTesting: () => void testing.add(client.id),
    sessionControlAsksAgain: (user: string) => wrong.user(user, words.rapt),
    adminBlocksApp: (user: string) => wrong.user(user, words.blocked),
    userIsWell: wrong.cure,
    /** The other of the two names it signs under. */
    signsWithoutScheme(): void {
      bareIssuer = true
    },
    clientIsDeleted: () => wrong.client(client.id, words.deleted),
    clientIsDisabled: () => wrong.client(client.id, words.disabled),
    clientIsWell: () => wrong.cure(client.id),
    secretIsReplaced: () => void proof.secrets.splice(0, 1, { secret: 'another' }),
    secretIsBack: () => void proof.secrets.splice(0, 1, { secret: client.secret }),
    adminDelegates: (user: string) => void delegatedTo.add(user),
    delegationEnds(of: string): void {
      for (const user of delegatedTo) if (domainOf(user) === domainOf(of)) delegatedTo.delete(user)
    },
    throttle: throttle.next,
  }
}
