import type { Behaviour } from './behaviour.ts'
import type { Denial } from './denial.ts'

/** A fault of a user or a client, until it is fixed. */
export function conditions() {
  const ofUsers = new Map<string, Denial>()
  const ofClients = new Map<string, Denial>()
  const behaviour: Behaviour = {
    authenticates: ({ client }) => ofClients.get(client.id),
    spends: ({ grant }) => ofUsers.get(grant.user),
  }
  return {
    behaviour,
    user: (user: string, denial: Denial) => void ofUsers.set(user, denial),
    client: (client: string, denial: Denial) => void ofClients.set(client, denial),
    /** Clears the fault. */
    cure(name: string): void {
      ofUsers.delete(name)
      ofClients.delete(name)
    },
  }
}
