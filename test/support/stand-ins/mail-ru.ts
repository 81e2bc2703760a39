import { type ClientProofs, clientProofs } from './client-proofs.ts'
import { webClient } from './clients.ts'
import { createClock } from './clock.ts'
import { conditions } from './conditions.ts'
import type { Denial } from './denial.ts'
import { createGrants } from './grants.ts'
import { offlineAccess } from './offline-access.ts'
import { startStandIn } from './stand-in.ts'

const said = (status: number, error: string, code: number): Denial => ({
  status,
  body: { error, error_code: code, error_description: error },
})

/** The only error for invalid refresh tokens, whose code contains spaces. */
const tokenNotFound = said(400, 'token not found', 6)
const badClient = said(401, 'invalid_client', 3)
const client = { id: 'made0up1client2of3mail4ru', secret: 'made-up-secret-of-mail-ru' }

/** Mail.ru as seen by an app: undocumented numbers, and one error for every fault. */
export async function startMailRu() {
  const grants = createGrants()
  const proof: ClientProofs = { secrets: [{ secret: client.secret }], keys: [] }
  const wrong = conditions()
  const standIn = await startStandIn({
    clock: createClock(),
    grants,
    clients: [webClient(client.id)],
    rotates: false,
    unknownToken: tokenNotFound,
    inOwnWords: ({ name, code }) => said(code === 401 ? 401 : 400, name, 1),
    behaviours: [
      wrong.behaviour,
      clientProofs({
        proofs: new Map([[client.id, proof]]),
        audience: () => standIn.tokenUrl,
        denials: { missing: badClient, wrong: badClient, expired: badClient, badAssertion: badClient },
      }),
      offlineAccess(
        grants,
        ({ grant, query }) => grant.scopes.includes('offline_access') && query.get('prompt') === 'consent',
      ),
    ],
  })
  return {
    ...standIn,
    client,
    userRemovesApp: (user: string) => grants.end((grant) => grant.user === user, tokenNotFound),
    userIsBlocked: (user: string) => wrong.user(user, said(403, 'access_denied', 8)),
    secretIsReplaced: () => void proof.secrets.splice(0, 1, { secret: 'another' }),
    secretIsBack: () => void proof.secrets.splice(0, 1, { secret: client.secret }),
  }
}
