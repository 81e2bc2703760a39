import { giveUpAfter, sendWithin, settleTime } from '../../machines/time-rules.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { maxDeadEvents } from '../../src/redis/outbox-store.ts'
import type { AccountPlan } from './account-plan.ts'
import type { Grant } from './grants.ts'
import type { Invariants } from './invariants.ts'
import { hashAt, streamAt } from './keyspace.ts'
import type { Operators } from './operators.ts'
import { partitions } from './partitions.ts'
import type { SimulatedNats } from './simulated-nats.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import { storedTokenOf } from './stored-token.ts'
import type { World } from './world.ts'

export interface Judgement {
  readonly world: World
  readonly plans: readonly AccountPlan[]
  readonly operators: Operators
  readonly provider: SimulatedProvider
  readonly redis: SimulatedRedis
  readonly nats: SimulatedNats
  readonly invariants: Invariants
  fail(message: string): void
}

const settlesWithin = 20_000
const waitedFor = giveUpAfter - sendWithin
/** After a missing answer, before a strict refresh token is sent again. */
const waitsAtLeast = giveUpAfter + settleTime

/**
 * The faults are over, and there was time to recover. Every account with a valid grant must serve a token now, every
 * other one must report that it cannot, and no event may be unpublished.
 */
export async function judge(given: Judgement): Promise<void> {
  const { world, plans, operators, redis, invariants, fail } = given
  for (const plan of plans) {
    const { account } = plan
    const grant = operators.grantOf(account) as Grant
    const before = world.now()
    let answer: Awaited<ReturnType<Operators['get']>>
    const asked = operators.get(account, { forceRefresh: true }).then((got) => {
      answer = got
    })
    await world.run(before + settlesWithin)
    void asked
    const reason =
      answer?.ok === false ? `${answer.failure.error} ${answer.failure.reason ?? ''}` : 'no answer'
    if (answer?.ok && grant.endedBy !== 'user') continue
    if (answer === undefined) fail(`${account}: nobody answers`)
    else if (answer.ok) judgeServed(given, grant)
    else if (grant.endedBy === 'user' && answer.failure.error === 'grant_revoked') continue
    else judgeRefused(given, plan, grant, reason)
  }
  await world.run(world.now() + settlesWithin)
  for (let partition = 0; partition < partitions; partition++) {
    const left = streamAt(redis.space(), keysOf(partition).outbox).length
    if (left > 0) fail(`${left} events are still not published`)
  }
  for (const { account } of plans) invariants.settled(account)
  if (!invariants.isForgetful()) judgeSetAside(given)
  await judgeAcknowledged(given)
}

/** Dead letters are kept up to a limit per partition, the newest first. */
function judgeSetAside({ redis, nats, fail }: Judgement): void {
  for (let partition = 0; partition < partitions; partition++) {
    const aside = streamAt(redis.space(), keysOf(partition).deadEvents).length
    const refused = [...nats.refused.values()].filter(
      (id) => partitionOf(id, partitions) === partition,
    ).length
    if (aside !== Math.min(refused, maxDeadEvents))
      fail(`${refused} events were refused for good, and ${aside} set aside`)
  }
}

/** Facts of accounts and secrets of apps are as they were acknowledged last. */
async function judgeAcknowledged({ world, plans, operators, fail }: Judgement): Promise<void> {
  const looks = plans.map(async ({ account, app }) => {
    const seen = await operators.insist((tokenbus) => tokenbus.getAccount(account))
    const { metadata = {} } = seen.ok ? (seen.value as { metadata?: Record<string, unknown> }) : {}
    const spare = await operators.insist((tokenbus) => tokenbus.getApp(app))
    const { expiresAt } = (spare.ok && spare.value.secrets.find(({ id }) => id === 'spare')) || {}
    const lost =
      operators.acknowledged.lost(account, (fact) => metadata[fact]?.toString()) ??
      operators.acknowledged.lost(app, () => expiresAt)
    if (lost !== undefined) fail(lost)
  })
  let done = false
  void Promise.all(looks).then(() => {
    done = true
  })
  await world.run(world.now() + settlesWithin)
  if (!done) fail('accounts and apps cannot be looked at')
}

/** A forced refresh of a grant its user ended cannot have worked; the bucket may have answered the token at hand. */
function judgeServed({ provider, redis, fail, world }: Judgement, { account, id }: Grant): void {
  const stored = storedToken(redis, account, world.now())
  if (stored !== null && provider.grants.find(stored).grant?.id !== id)
    fail(`${account}: serves a token of a grant it was given a newer one for`)
}

function judgeRefused(
  { provider, redis, world, fail }: Judgement,
  { account }: AccountPlan,
  grant: Grant,
  reason: string,
) {
  const stored = storedToken(redis, account, world.now())
  if (stored !== null && provider.grants.wouldAccept(stored, world.now()))
    return fail(`${account}: ${reason}, though ${grant.rotation} ${stored} would still be accepted`)
  // Somebody has to have died, or an answer to have been lost, too late, or not stored before the next attempt.
  const lost = provider.spendings.some(
    (spent) =>
      spent.grant.id === grant.id &&
      spent.carriedOut &&
      (spent.heard === null ||
        spent.machine.life() !== spent.life ||
        spent.heardAt - spent.sentAt > waitedFor ||
        redis.wasAway(spent.machine, spent.heardAt, spent.sentAt + waitsAtLeast) ||
        redis.steppedSince(spent.sentAt)),
  )
  if (grant.endedBy !== 'user' && !lost)
    fail(
      `${account}: ${reason}; the ${grant.rotation} grant was lost (${grant.endedBy}) although no answer was`,
    )
}

function storedToken(redis: SimulatedRedis, account: string, at: number): string | null {
  const key = keysOf(partitionOf(account, partitions)).record({ kind: 'account', id: account })
  return storedTokenOf(hashAt(redis.space(), key, at))
}
