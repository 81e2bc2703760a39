import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy, type NatsConnection } from 'nats'
import { eventSubject, streams } from '../bus/subjects.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { consumerNotFound, jetStreamCode, streamNotFound } from './jetstream-error.ts'

const stream = 'TOKENBUS_EVENTS'

export interface DurableWish {
  readonly name: string
  /** Only events of these accounts; undefined: all events. */
  readonly accounts: readonly string[] | undefined
}

export interface Durable {
  readonly created: boolean
  readonly info: ConsumerInfo
}

/** Makes the durable, or finds it as it should be. */
export async function createDurable(nats: NatsConnection, wish: DurableWish): Promise<Result<Durable>> {
  const filters = filtersOf(wish.accounts, nats.info?.version ?? '')
  if (!filters.ok) return filters
  const found = await findDurable(nats, wish)
  if (!found.ok) return found
  if (found.value !== undefined) return ok({ created: false, info: found.value })
  const { consumers } = await nats.jetstreamManager({ checkAPI: false })
  const info = await consumers.add(stream, {
    durable_name: wish.name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ...filters.value,
  })
  return ok({ created: true, info })
}

/** The durable that exists already, with its position. */
export async function adoptDurable(nats: NatsConnection, wish: DurableWish): Promise<Result<Durable>> {
  const found = await findDurable(nats, wish)
  if (!found.ok) return found
  return found.value === undefined
    ? fail('not_found', `${stream} has no durable consumer ${wish.name}: create it`)
    : ok({ created: false, info: found.value })
}

async function findDurable(
  nats: NatsConnection,
  { name, accounts }: DurableWish,
): Promise<Result<ConsumerInfo | undefined>> {
  const { consumers } = await nats.jetstreamManager({ checkAPI: false })
  try {
    const info = await consumers.info(stream, name)
    const flaw = flawOf(info.config, accounts)
    return flaw === undefined ? ok(info) : fail('conflict', `the consumer ${name} cannot be used: ${flaw}`)
  } catch (error) {
    const code = jetStreamCode(error)
    if (code === consumerNotFound) return ok(undefined)
    if (code === streamNotFound) return fail('not_found', `there is no stream ${stream} yet: start tokenbus`)
    throw error
  }
}

/** A push consumer sends to where its maker wants, and without acks nothing is kept for whoever was away. */
function flawOf(config: ConsumerConfig, accounts: readonly string[] | undefined): string | undefined {
  if (config.deliver_subject !== undefined)
    return 'it pushes (deliver_subject); delete it, and create one that is pulled'
  if (config.durable_name === undefined) return 'it is not durable'
  if (config.ack_policy !== AckPolicy.Explicit) return `its acks are "${config.ack_policy}", not "explicit"`
  if (accounts === undefined) return undefined
  const filters =
    config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject])
  const wanted = accounts.flatMap(subjectsOf)
  return sameSet(wanted, filters)
    ? undefined
    : `it hears ${filters.join(', ') || 'of every account'}; delete it, or leave --accounts out`
}

type Filters = Pick<ConsumerConfig, 'filter_subjects'>

/** Before 2.10 a consumer has one filter, and no single one takes the several kinds of events of an account. */
export function filtersOf(accounts: readonly string[] | undefined, version: string): Result<Filters> {
  if (accounts === undefined) return ok({})
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 10)) return ok({ filter_subjects: accounts.flatMap(subjectsOf) })
  return fail(
    'bad_request',
    `accounts: nats-server ${version} gives a consumer one filter, and some accounts' events need several: it needs 2.10`,
  )
}

/** The events of one account, and of no app. */
export const accountEvents = streams[stream].filter((type) => !type.startsWith('app.'))

function subjectsOf(account: string): string[] {
  return accountEvents.map((type) => eventSubject(type, account))
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return new Set([...left, ...right]).size === left.length && left.length === right.length
}
