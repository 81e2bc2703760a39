import { clientProofs } from './client-proofs.ts'
import { webClient } from './clients.ts'
import { createClock } from './clock.ts'
import type { Denial } from './denial.ts'
import { createGrants } from './grants.ts'
import { offlineAccess } from './offline-access.ts'
import { startStandIn } from './stand-in.ts'

const said = (status: number, error: string): Denial => ({ status, body: { error } })
const badClient = said(401, 'invalid_client')
const client = { id: 'plain', secret: 'made-up-secret' }

/** RFC 6749 and nothing else. */
export async function startPlain() {
  const grants = createGrants()
  const standIn = await startStandIn({
    clock: createClock(),
    grants,
    clients: [webClient(client.id)],
    rotates: true,
    unknownToken: said(400, 'invalid_grant'),
    inOwnWords: ({ name, code }) => said(code, name),
    behaviours: [
      clientProofs({
        proofs: new Map([[client.id, { secrets: [{ secret: client.secret }], keys: [] }]]),
        audience: () => standIn.tokenUrl,
        denials: { missing: badClient, wrong: badClient, expired: badClient, badAssertion: badClient },
      }),
      offlineAccess(grants, () => true),
    ],
  })
  return { ...standIn, client }
}
