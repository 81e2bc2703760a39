import { createKeyedQueue } from '../../src/common/keyed-queue.ts'
import { Secret } from '../../src/common/secret.ts'
import type { Result } from '../../src/contract/failures.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { AccountPlan } from './account-plan.ts'
import { createConcurrentOperators } from './concurrent-operators.ts'
import type { Grant } from './grants.ts'
import { partitions } from './partitions.ts'
import type { Random } from './random.ts'
import type { SimulatedNats } from './simulated-nats.ts'
import type { Running, SimulatedNode } from './simulated-node.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import { refusedIn, type StrangeWords } from './strange-refusals.ts'
import type { World } from './world.ts'

export interface ServedToken {
  readonly node: SimulatedNode
  readonly account: string
  readonly bytes: Uint8Array
  readonly known: unknown
  /** A token for a resource, beside the account's own. */
  readonly isSecond: boolean
}

export interface OperatorsOptions {
  readonly world: World
  readonly random: Random
  readonly nats: SimulatedNats
  readonly nodes: readonly SimulatedNode[]
  readonly provider: SimulatedProvider
  readonly plans: readonly AccountPlan[]
  /** More accounts of the same apps, that only later kinds of faults happen to. */
  readonly companions?: readonly AccountPlan[]
  /** A token came: was it one to hand out? */
  onServed(served: ServedToken): void
  knownBy(node: SimulatedNode, account: string): unknown
  /** The grant that Redis holds. */
  storedGrant(account: string): Grant | undefined
  /** What was acknowledged is not there. */
  lost(message: string): void
}

/** Nobody is there to answer, or the app an account needs has not been put yet. */
const comesLater = new Set<string>(['storage_unavailable', 'app_not_found'])
const askAgainAfter = 3_000
const patience = 10_000

/** By then every healthy node has received a save. */
const heardWithin = 6_000

interface Reading {
  readonly node: SimulatedNode
  readonly account: string
  readonly want: Parameters<Tokenbus['getToken']>[1]
}

export type Operators = ReturnType<typeof createOperators>

/** The people and services around: they connect accounts, one thing after another each, ask for tokens, and repeat what was not answered. */
export function createOperators(options: OperatorsOptions) {
  const { world, random, nats, nodes, provider, plans, companions = [] } = options
  const all = [...plans, ...companions]
  const grants = new Map<string, Grant>()
  const queue = createKeyedQueue()
  let secret = 0
  /** Adds the newest secret to an app. */
  let restore: ((app: string) => void) | undefined

  function reachable(): SimulatedNode[] {
    return nodes.filter(
      (node) => node.tokenbus() !== null && !node.machine.isPaused() && nats.isReachable(node.machine),
    )
  }

  /** As with NATS, any listening node gets it. Undefined without a listener, or without a reply in time. */
  async function ask<T>(use: (tokenbus: Running, node: SimulatedNode) => Promise<T>): Promise<T | undefined> {
    const listening = reachable()
    if (listening.length === 0) return undefined
    const node = random.pick(listening)
    return new Promise((resolve) => {
      const cancel = world.after(patience, () => resolve(undefined))
      const settle = (answer?: T) => {
        cancel()
        resolve(answer)
      }
      use(node.tokenbus() as Running, node).then(settle, () => settle())
    })
  }

  /** Until it is done. What it then answers is final, a refusal too. */
  async function insist<T>(
    use: (tokenbus: Running) => Promise<Result<T>>,
    onUnanswered?: () => void,
  ): Promise<Result<T>> {
    for (;;) {
      const answer = await ask(use)
      if (answer === undefined) onUnanswered?.()
      if (answer !== undefined && (answer.ok || !comesLater.has(answer.failure.error))) return answer
      await new Promise<void>((resolve) => void world.after(askAgainAfter, resolve))
    }
  }

  const planOf = (whom: number) => plans[whom % plans.length] as AccountPlan

  function begin({ account, rotation }: AccountPlan): Grant {
    const grant = provider.grants.begin(account, rotation)
    grants.set(account, grant)
    return grant
  }

  async function put({ account, app, policy }: AccountPlan, grant: Grant): Promise<void> {
    const first = random.chance(0.5) ? provider.issue(grant) : undefined
    const expires = first && new Date(world.now() + first.life).toISOString()
    await insist((tokenbus) =>
      tokenbus.putAccount(account, {
        app,
        user: account,
        policy,
        refreshToken: new Secret(provider.grants.nameOf(grant, 0)),
        ...(first && { accessToken: first.accessToken, expires }),
      }),
    )
  }

  const connect = (plan: AccountPlan) => put(plan, begin(plan))

  async function putApp(app: string, rotation: Grant['rotation']): Promise<void> {
    const clientSecret = new Secret('secret-0')
    await insist((tokenbus) =>
      tokenbus.putApp(app, { provider: 'oidc', clientId: 'client', clientSecret, rotation }),
    )
  }

  async function read(tokenbus: Running, { node, account, want }: Reading) {
    // Events do not limit the age of second tokens.
    const isSecond = want.scopes !== undefined
    const known = isSecond ? undefined : options.knownBy(node, account)
    const answer = await tokenbus.getToken(account, want)
    if (answer.ok) options.onServed({ node, account, bytes: answer.value, known, isSecond })
    return answer
  }

  /** Each node has its own cache. */
  function readEverywhere(account: string): void {
    for (const node of reachable())
      read(node.tokenbus() as Running, { node, account, want: {} }).catch(() => undefined)
  }

  const concurrent = createConcurrentOperators({
    ...options,
    queue,
    insist,
    planOf: (whom) => all[whom % all.length] as AccountPlan,
    begin,
    put,
    connect,
    newToken: (account) => new Secret(provider.grants.nameOf(provider.grants.begin(account, 'none'), 0)),
    isNow: ({ account }, grant) => void grants.set(account, grant),
  })

  return {
    grantOf: (account: string) => grants.get(account),
    connect: (plan: AccountPlan) => queue.run(plan.account, () => connect(plan)),
    accountOf: (whom: number) => (all[whom % all.length] as AccountPlan).account,
    putApp,
    insist,
    ...concurrent,
    get: (account: string, want: Parameters<Tokenbus['getToken']>[1] = {}) =>
      ask((tokenbus, node) => read(tokenbus, { node, account, want })),
    revoke(whom: number): void {
      const grant = grants.get(planOf(whom).account)
      if (grant !== undefined) grant.endedBy ??= 'user'
    },
    /** The provider reports it repeatedly until it is acknowledged. */
    async revokeAndTell(whom: number): Promise<void> {
      const { account } = planOf(whom)
      const grant = grants.get(account)
      if (grant === undefined) return
      grant.endedBy ??= 'user'
      const endedAt = Math.floor(world.now() / 1_000) * 1_000
      readEverywhere(account)
      await insist((tokenbus) => tokenbus.grantEnded(account, endedAt))
      world.after(heardWithin, () => readEverywhere(account))
    },
    /** The grant ends, and its provider answers with its own error codes. */
    refuseStrangely(whom: number, words: StrangeWords): void {
      const grant = grants.get((all[whom % all.length] as AccountPlan).account)
      if (grant === undefined) return
      grant.endedBy ??= 'user'
      provider.strange.set(grant.id, refusedIn(words))
    },
    /** A failover lost these records' last writes. Operators check the rest, and repair it. */
    forgotten(records: ReadonlySet<string>): void {
      const isForgotten = (kind: 'account' | 'app', id: string) =>
        records.has(keysOf(partitionOf(id, partitions)).record({ kind, id }))
      for (const plan of all) {
        const { account } = plan
        if (!isForgotten('account', account)) continue
        concurrent.acknowledged.forget(account)
        void queue.run(account, async () => {
          const stored = options.storedGrant(account)
          if (stored === undefined) await connect(plan)
          else grants.set(account, stored)
        })
      }
      for (const [app, rotation] of new Map(all.map((plan) => [plan.app, plan.rotation]))) {
        if (!isForgotten('app', app)) continue
        concurrent.acknowledged.forget(app)
        void putApp(app, rotation).then(() => restore?.(app))
      }
    },
    reconnect: (whom: number) => queue.run(planOf(whom).account, () => connect(planOf(whom))),
    async putOld(whom: number): Promise<void> {
      const { account, app } = planOf(whom)
      const grant = grants.get(account)
      if (grant === undefined) return
      const refreshToken = new Secret(provider.grants.nameOf(grant, 0))
      await ask((tokenbus) => tokenbus.putAccount(account, { app, user: account, refreshToken }))
    },
    deleteAndPut(whom: number): Promise<void> {
      const { account } = planOf(whom)
      return queue.run(account, async () => {
        await insist((tokenbus) => tokenbus.deleteAccount(account, {}))
        concurrent.acknowledged.forget(account)
        await connect(planOf(whom))
      })
    },
    async reject(whom: number): Promise<void> {
      const { account } = planOf(whom)
      const view = await ask((tokenbus) => tokenbus.getAccount(account))
      if (!view?.ok) return
      await ask((tokenbus) => tokenbus.rejectToken(account, { generation: view.value.generation }))
    },
    /** The provider takes only a newer secret from now on; answers how an operator puts that right. */
    expireSecret(): () => void {
      provider.secrets.clear()
      const next = `secret-${++secret}`
      // Replaces an expired one, because an app has ten secrets at most.
      const id = `number-${secret % 8}`
      provider.secrets.add(next)
      const add = (app: string) =>
        void insist((tokenbus) => tokenbus.addSecret(app, { id, secret: new Secret(next) }))
      return () => {
        restore = add
        for (const app of new Set(plans.map((plan) => plan.app))) add(app)
      }
    },
  }
}
