import { type AppProbe, fullyRefused, maxGrants, type Question } from '../../machines/index.ts'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { Records } from '../redis/records.ts'

export interface AppProbesOptions {
  readonly apps: Pick<Apps, 'look' | 'report'>
  readonly accounts: Pick<Accounts, 'load' | 'receive'>
  readonly records: Pick<Records, 'pickWaiting' | 'someOf'>
}

const maxLooked = 64

/** Chooses an account of the app as a probe: whether the app works again, or for evidence from another grant. */
export function createAppProbes({ apps, accounts, records }: AppProbesOptions) {
  async function probe(account: string, how: Pick<AppProbe, 'down'> = {}): Promise<boolean> {
    const { taken } = await accounts.receive(account, ({ at, eventId }) => ({
      event: { type: 'app.probe', at, id: eventId, ...how },
    }))
    return taken
  }

  async function probeIfFree(loaded: LoadedAccount): Promise<boolean> {
    return isFree(loaded) && (await probe(loaded.snapshot.context.account))
  }

  /**
   * A new grant first; else by turns one that worked and was not refused since, and the next of those that wait, which may
   * all have ended.
   */
  async function probeDownApp(id: string, { context: { newcomer, lastProbed, probes } }: App): Promise<void> {
    const probeAs = async (account: string) => {
      await apps.report(id, { type: 'account.probed', account })
      return probe(account, { down: true })
    }
    if (newcomer !== null && (await probeAs(newcomer))) return
    const proven = probes % 2 === 1 ? await pickProven(id) : null
    if (proven !== null && (await probeAs(proven))) return
    const next = (await records.pickWaiting(id, lastProbed)) ?? (await pickProven(id))
    if (next !== null) await probeAs(next)
  }

  async function pickProven(id: string): Promise<string | null> {
    for (const account of await records.someOf(id, maxLooked)) {
      const loaded = await accounts.load(account)
      if (isAlive(loaded) && hasWorked(loaded) && isFree(loaded)) return account
    }
    return null
  }

  /** Another grant: preferably one that has worked before. */
  async function probeAnother(id: string, question: Question): Promise<void> {
    const others: LoadedAccount[] = []
    for (const account of await records.someOf(id, maxLooked)) {
      const loaded = await accounts.load(account)
      if (!isOther(loaded, question)) continue
      others.push(loaded)
      if (hasWorked(loaded) && (await probeIfFree(loaded))) return
    }
    const isEnough = question.grants.length >= maxGrants
    const isAnyProven = others.some(hasWorked)
    // A grant that has worked but is busy now is better evidence, so wait for it.
    if (!isEnough && !isAnyProven && (await probeAny(others))) return
    const allRefused = isEnough ? !isAnyProven : others.length === 0
    await apps.report(id, { type: 'witness.absent', question: question.id, allRefused })
  }

  async function probeAny(others: readonly LoadedAccount[]): Promise<boolean> {
    for (const other of others) if (await probeIfFree(other)) return true
    return false
  }

  return async (id: string): Promise<void> => {
    const app = await apps.look(id)
    const { question } = app.context
    if (app.config?.enabled === false) return
    if (app.state === 'secret-expired') await probeDownApp(id, app)
    else if (question !== null) await probeAnother(id, question)
  }
}

/** True if the grant can still be evidence: alive, and not yet refused with every secret in this question. */
function isOther(loaded: LoadedAccount, question: Question): boolean {
  const { grantId } = loaded.snapshot.context
  return isAlive(loaded) && grantId !== null && !fullyRefused(question).includes(grantId)
}

function isAlive({ snapshot: { value, context } }: LoadedAccount): boolean {
  return context.refreshable && (value === 'valid' || value === 'expiring' || value === 'refreshing')
}

function isFree({ at, snapshot: { value, context } }: LoadedAccount): boolean {
  return value !== 'refreshing' && at >= context.retryAt
}

function hasWorked({ snapshot }: LoadedAccount): boolean {
  return snapshot.context.lastRefreshedAt !== null
}
