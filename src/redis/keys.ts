export interface Ref {
  readonly kind: 'account' | 'app'
  readonly id: string
}

const encoder = new TextEncoder()

/** FNV-1a, 32 bits, over UTF-8. */
function fnv1a32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

export function partitionOf(id: string, partitions: number): number {
  return fnv1a32(id) % partitions
}

export const metaKey = 'tb:meta'

/** The keys of a partition. They share a hash tag, so that one script can use them on Redis Cluster. */
export interface PartitionKeys {
  record(ref: Ref): string
  readonly due: string
  /** Answers that could not be stored in the account yet, by attempt. */
  arrived(account: string): string
  /** The identity of the data. */
  readonly identity: string
  readonly outbox: string
  readonly outboxTrimmed: string
  readonly deadEvents: string
  readonly replicated: string
  listing(kind: Ref['kind']): string
  readonly byName: string
  seenEvent(digest: string): string
  byApp(app: string): string
  /** Accounts about to join this app, by the time that began (ms). */
  joining(app: string): string
  byState(state: string): string
}

export function keysOf(partition: number): PartitionKeys {
  const tag = `tb:{${partition}}`
  return {
    record: ({ kind, id }: Ref) => `${tag}:${kind}:${id}`,
    due: `${tag}:due`,
    arrived: (account: string) => `${tag}:arrived:${account}`,
    identity: `${tag}:identity`,
    outbox: `${tag}:outbox`,
    outboxTrimmed: `${tag}:outbox-trimmed`,
    deadEvents: `${tag}:dead-events`,
    replicated: `${tag}:replicated`,
    listing: (kind: Ref['kind']) => `${tag}:${kind}s`,
    byName: `${tag}:by-name`,
    seenEvent: (digest: string) => `${tag}:security-event:${digest}`,
    byApp: (app: string) => `${tag}:by-app:${app}`,
    joining: (app: string) => `${tag}:joining:${app}`,
    byState: (state: string) => `${tag}:by-state:${state}`,
  }
}

/** The member of an account in the index of names. */
export const nameMember = (name: string, id: string) => `${name}:${id}`

/** The member of a record in `due`. */
export const dueMember = ({ kind, id }: Ref) => `${kind}:${id}`

export function refOfDueMember(member: string): Ref {
  const colon = member.indexOf(':')
  return { kind: member.slice(0, colon) as Ref['kind'], id: member.slice(colon + 1) }
}
