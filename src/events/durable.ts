import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy, type NatsConnection } from 'nats'
import { eventSubject, streams } from '../bus/subjects.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { consumerNotFound, jetStreamCode, streamNotFound } from './jetstream-error.ts'

const stream = 'TOKENBUS_EVENTS'

export interface DurableOptions {
  readonly name: string
  /** Only events of these accounts; undefined means all events. */
  readonly accounts: readonly string[] | undefined
}

export interface Durable {
  readonly created: boolean
  readonly info: ConsumerInfo
}

/** Creates the durable consumer, or returns an existing one if it fits. */
export async function createDurable(nats: NatsConnection, options: DurableOptions): Promise<Result<Durable>> {
  const filters = filtersOf(options.accounts, nats.info?.version ?? '')
  if (!filters.ok) return filters
  const found = await findDurable(nats, options)
  if (!found.ok) return found
  if (found.value !== undefined) return ok({ created: false, info: found.value })
  const { consumers } = await nats.jetstreamManager({ checkAPI: false })
  const info = await consumers.add(stream, {
    durable_name: options.name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ...filters.value,
  })
  return ok({ created: true, info })
}

/** Returns an existing durable consumer, with its position. */
export async function adoptDurable(nats: NatsConnection, options: DurableOptions): Promise<Result<Durable>> {
  const found = await findDurable(nats, options)
  if (!found.ok) return found
  return found.value === undefined
    ? fail('not_found', `${stream} has no durable consumer ${options.name}: create it`)
    : ok({ created: false, info: found.value })
}

async function findDurable(
  nats: NatsConnection,
  { name, accounts }: DurableOptions,
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

/**
 * Why a consumer must not be used: a push consumer delivers to any subject its creator chose, and without acks events are
 * lost while the reader is away.
 */
function flawOf(config: ConsumerConfig, accounts: readonly string[] | undefined): string | undefined {
  if (config.deliver_subject !== undefined)
    return 'it is a push consumer (deliver_subject); delete it, and create a pull consumer'
  if (config.durable_name === undefined) return 'it is not durable'
  if (config.ack_policy !== AckPolicy.Explicit) return `its acks are "${config.ack_policy}", not "explicit"`
  if (accounts === undefined) return undefined
  const filters =
    config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject])
  const wanted = accounts.flatMap(subjectsOf)
  return sameSet(wanted, filters)
    ? undefined
    : `its filter is ${filters.join(', ') || 'all events'}; delete it, or leave --accounts out`
}

type Filters = Pick<ConsumerConfig, 'filter_subjects'>

/** nats-server before 2.10 supports one filter per consumer; an account has several event types, so it needs several. */
export function filtersOf(accounts: readonly string[] | undefined, version: string): Result<Filters> {
  if (accounts === undefined) return ok({})
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 10)) return ok({ filter_subjects: accounts.flatMap(subjectsOf) })
  return fail(
    'bad_request',
    `accounts: nats-server ${version} supports one filter per consumer, and limiting it to accounts needs several; use 2.10 or newer`,
  )
}

/** The event types of accounts, without those of apps. */
export const accountEvents = streams[stream].filter((type) => !type.startsWith('app.'))

function subjectsOf(account: string): string[] {
  return accountEvents.map((type) => eventSubject(type, account))
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return new Set([...left, ...right]).size === left.length && left.length === right.length
}
