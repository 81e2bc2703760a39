import type { KeyedQueue } from '../../src/common/keyed-queue.ts'
import { Secret } from '../../src/common/secret.ts'
import { accountNotFound, ok, type Result } from '../../src/contract/failures.ts'
import { createAcknowledged } from '../support/acknowledged.ts'
import type { AccountPlan, Insist } from './account-plan.ts'
import type { Grant } from './grants.ts'
import type { OtherClient, SimulatedProvider } from './simulated-provider.ts'
import type { World } from './world.ts'

export interface ConcurrentOperatorsOptions {
  readonly world: World
  readonly queue: KeyedQueue
  readonly insist: Insist
  readonly plans: readonly AccountPlan[]
  readonly companions?: readonly AccountPlan[]
  readonly planOf: (whom: number) => AccountPlan
  begin(plan: AccountPlan): Grant
  put(plan: AccountPlan, grant: Grant): Promise<void>
  connect(plan: AccountPlan): Promise<void>
  /** A token of a grant that no plan knows. */
  newToken(account: string): Secret
  isNow(plan: AccountPlan, grant: Grant): void
  /** The grant that Redis holds. */
  storedGrant(account: string): Grant | undefined
  readonly provider: Pick<SimulatedProvider, 'otherClients'>
  /** Neither of two writes may be lost; after a failover that forgets, both may. */
  lost(message: string): void
}

const factsOfAccount = 6
/** Far enough in the future not to be announced. */
const expiresIn = 1_000 * 86_400_000

/** That something is not there is an answer. */
function orNothing<T>(result: Result<T>): Result<T | null> {
  const isMissing = !result.ok && ['app_not_found', 'account_not_found'].includes(result.failure.error)
  return isMissing ? ok(null) : result
}

/** Two operators at once, on nodes that chance picks. */
export function createConcurrentOperators(options: ConcurrentOperatorsOptions) {
  const { world, queue, insist, planOf } = options
  const acknowledged = createAcknowledged()
  const mistaken = new Set<string>()
  let count = 0

  /** One fact of an account's metadata. */
  function note({ account, app }: AccountPlan): Promise<void> {
    const n = ++count
    const fact = `f${n % factsOfAccount}`
    return queue.run(`${account}/${fact}`, async () => {
      const writing = acknowledged.writing(account, fact, String(n))
      const noted = await insist(
        (tokenbus) =>
          tokenbus.patchAccount(account, (known) =>
            known === undefined
              ? accountNotFound(account)
              : ok({ app, user: account, metadata: { ...known.metadata, [fact]: n } }),
          ),
        writing.unanswered,
      )
      if (noted.ok) writing.done()
    })
  }

  function addSpare(app: string): Promise<void> {
    const n = ++count
    const expiresAt = new Date(world.now() + expiresIn + n).toISOString()
    return queue.run(`${app}/spare`, async () => {
      const writing = acknowledged.writing(app, 'spare', expiresAt)
      const added = await insist(
        (tokenbus) => tokenbus.addSecret(app, { id: 'spare', secret: new Secret(`spare-${n}`), expiresAt }),
        writing.unanswered,
      )
      if (added.ok) writing.done()
    })
  }

  /** What has read the same version: the second write is refused, and does not undo the first. */
  function writeByVersion(app: string): Promise<void> {
    return queue.run(`${app}/spare`, async () => {
      const seen = await insist((tokenbus) => tokenbus.getApp(app))
      if (!seen.ok) return
      const { version: ifVersion } = seen.value
      const write = async (n: number) => {
        const expiresAt = new Date(world.now() + expiresIn + n).toISOString()
        const writing = acknowledged.writing(app, 'spare', expiresAt)
        const added = await insist(
          (tokenbus) =>
            tokenbus.addSecret(app, { id: 'spare', secret: new Secret(`spare-${n}`), expiresAt, ifVersion }),
          writing.unanswered,
        )
        if (added.ok) writing.done()
        return added.ok
      }
      const taken = await Promise.all([write(++count), write(++count)])
      if (taken.every(Boolean)) options.lost(`${app}: two writes of one version were taken`)
    })
  }

  /** Whichever comes first, no account is left without its app. */
  function deleteAppBesidePut(): Promise<void> {
    const [app, account] = ['app-beside', 'account-beside']
    const clientSecret = new Secret('secret-0')
    const exists = async (look: Parameters<Insist>[0]) => {
      const seen = await insist(async (tokenbus) => orNothing(await look(tokenbus)))
      return seen.ok && seen.value !== null
    }
    return queue.run(app, async () => {
      await insist((tokenbus) =>
        tokenbus.putApp(app, { provider: 'oidc', clientId: 'client', clientSecret, rotation: 'none' }),
      )
      const refreshToken = options.newToken(account)
      await Promise.all([
        insist(async (tokenbus) => orNothing(await tokenbus.deleteApp(app, {}))),
        insist(async (tokenbus) =>
          orNothing(await tokenbus.putAccount(account, { app, user: account, refreshToken })),
        ),
      ])
      const hasAccount = await exists((tokenbus) => tokenbus.getAccount(account))
      const hasApp = await exists((tokenbus) => tokenbus.getApp(app))
      if (hasAccount && !hasApp) options.lost(`${account}: its app was deleted beside it`)
      await insist((tokenbus) => tokenbus.deleteAccount(account, {}))
    })
  }

  /** Put again: it never worked, so nothing showed that its client was wrong. */
  function putUnproven(plan: AccountPlan): Promise<void> {
    return queue.run(plan.account, async () => {
      const grant = options.storedGrant(plan.account)
      if (grant?.tokens.length === 1 && grant.endedBy === null) await options.put(plan, grant)
    })
  }

  /** An operator's mistake, not twice within a minute; answers how it is undone. */
  function giveOtherClient({ app }: AccountPlan, kind: OtherClient): (() => void) | undefined {
    const other = `${kind}-${app}`
    if (mistaken.has(app)) return undefined
    mistaken.add(app)
    options.provider.otherClients.set(other, kind)
    const give = (clientId: string) =>
      queue.run(`${app}/client`, () => insist((tokenbus) => tokenbus.updateApp(app, () => ok({ clientId }))))
    void give(other)
    return () => {
      world.after(60_000, () => mistaken.delete(app))
      void give('client').then(() => {
        for (const plan of [...options.plans, ...(options.companions ?? [])])
          if (plan.app === app) void putUnproven(plan)
      })
    }
  }

  return {
    acknowledged,
    giveOtherClient: (whom: number, kind: OtherClient) => giveOtherClient(planOf(whom), kind),
    writeByVersion: (whom: number) => writeByVersion(planOf(whom).app),
    deleteAppBesidePut,
    note: (whom: number) => note(planOf(whom)),
    /** One operator adds a secret, another renames the app, or puts it unchanged. */
    changeApp(whom: number): void {
      const { app, rotation } = planOf(whom)
      void addSpare(app)
      if (whom % 2 === 0)
        void insist((tokenbus) => tokenbus.updateApp(app, () => ok({ name: `name ${count}` })))
      else {
        const clientSecret = new Secret('secret-0')
        const put = { provider: 'oidc', clientId: 'client', clientSecret, rotation } as const
        void insist((tokenbus) => tokenbus.putApp(app, put))
      }
    },
    changeAccount(whom: number): void {
      void note(planOf(whom))
      void note(planOf(whom))
    },
    connectTwice(whom: number): Promise<void> {
      const plan = planOf(whom)
      return queue.run(plan.account, async () => {
        const both = [options.begin(plan), options.begin(plan)]
        await Promise.all(both.map((grant) => options.put(plan, grant)))
        const stored = options.storedGrant(plan.account)
        if (stored === undefined || !both.includes(stored))
          options.lost(`${plan.account}: neither of two puts is there`)
        if (stored !== undefined) options.isNow(plan, stored)
      })
    },
    deleteBesidePut(whom: number): Promise<void> {
      const plan = planOf(whom)
      return queue.run(plan.account, async () => {
        const grant = options.begin(plan)
        acknowledged.forget(plan.account)
        const deleted = insist((tokenbus) => tokenbus.deleteAccount(plan.account, {}))
        await Promise.all([deleted, options.put(plan, grant)])
        acknowledged.forget(plan.account)
        const stored = options.storedGrant(plan.account)
        if (stored === undefined) await options.connect(plan)
        else if (stored !== grant) options.lost(`${plan.account}: holds neither nothing nor what was put`)
      })
    },
  }
}
