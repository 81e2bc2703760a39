import { rotations } from '../support/fault-grants.ts'
import type { FaultProvider } from '../support/fault-provider.ts'
import type { Nodes } from '../support/nodes.ts'

/** The app whose provider has this rotation. */
export function settingsOf(rotation: string, { tokenUrl, graceSeconds }: FaultProvider): object {
  const client = { provider: 'oidc', clientId: 'c', clientSecret: 's', tokenUrl, policy: 'eager' }
  return { ...client, rotation, graceSeconds }
}

/** Connects accounts with all kinds of rotation, which are refreshed all the time. Returns their names. */
export async function connectAll(
  { request }: Pick<Nodes, 'request'>,
  provider: FaultProvider,
  accounts: number,
): Promise<string[]> {
  const { grant } = provider
  for (const rotation of rotations) await request(`app.put.${rotation}`, settingsOf(rotation, provider))
  const names: string[] = []
  for (let i = 0; i < accounts; i++) {
    const rotation = rotations[i % rotations.length] as (typeof rotations)[number]
    const name = `${rotation}-${i}`
    await request(`account.put.${name}`, { app: rotation, user: name, refreshToken: grant(name, rotation) })
    names.push(name)
  }
  return names
}
