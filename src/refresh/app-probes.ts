import type { Question } from '../../machines/index.ts'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { Records } from '../redis/records.ts'

export interface AppProbesOptions {
  readonly apps: Pick<Apps, 'look' | 'report'>
  readonly accounts: Pick<Accounts, 'load' | 'receive'>
  readonly records: Pick<Records, 'pickWaiting' | 'someOf'>
}

const mostLooked = 64

/** Has one account of an app ask its provider: whether the app works again, or what another grant is told. */
export function createAppProbes({ apps, accounts, records }: AppProbesOptions) {
  async function probe(account: string): Promise<boolean> {
    const { taken } = await accounts.receive(account, ({ at, eventId }) => ({
      event: { type: 'app.probe', at, id: eventId },
    }))
    return taken
  }

  async function probeWaiting(id: string, { context }: App): Promise<void> {
    const account = await records.pickWaiting(id, context.lastProbed)
    if (account === null) return
    await apps.report(id, { type: 'account.probed', account })
    await probe(account)
  }

  /** Another grant, one that has worked where there is one. */
  async function callWitness(id: string, app: App, question: Question): Promise<void> {
    const spare: string[] = []
    for (const account of await records.someOf(id, mostLooked)) {
      const loaded = await accounts.load(account)
      if (!mayWitness(loaded, question)) continue
      if (loaded.snapshot.context.lastRefreshedAt === null) spare.push(account)
      else if (await probe(account)) return
    }
    // Where the app was accepted before, a grant that never worked says little of it.
    if (app.context.acceptedAt === 0) for (const account of spare) if (await probe(account)) return
    await apps.report(id, { type: 'witness.absent', question: question.id })
  }

  return async (id: string): Promise<void> => {
    const app = await apps.look(id)
    const { question } = app.context
    if (app.state === 'secret-expired') await probeWaiting(id, app)
    else if (question !== null) await callWitness(id, app, question)
  }
}

function mayWitness({ at, snapshot: { value, context } }: LoadedAccount, { grants }: Question): boolean {
  const isFree = (value === 'valid' || value === 'expiring') && context.refreshable && at >= context.retryAt
  return isFree && context.grantId !== null && !grants.includes(context.grantId)
}
