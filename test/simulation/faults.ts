import type { Random } from './random.ts'

/** A fault or an action of an operator, at a time (ms from the start) and for a duration. */
export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  readonly lasts: number
  /** Which node or account, by number. */
  readonly whom: number
  /** The probability, if it is random. */
  readonly odds: number
}

export const faultKinds = [
  'crash',
  'pause',
  'partition',
  'clock drifts',
  'redis link cut',
  'redis link frozen',
  'redis replies lost',
  'redis down',
  'redis replica behind',
  'redis failover',
  'nats link cut',
  'nats acks lost',
  'bus messages lost',
  'bus late',
  'nats down',
  'provider refuses connections',
  'provider says 503',
  'provider throttles',
  'provider answers lost',
  'provider requests lost',
  'provider slow',
  'user revokes',
  'provider tells of a revocation',
  'user reconnects',
  'old token put',
  'account deleted and put',
  'token rejected',
  'secret expires',
] as const

/** Planned apart from the others, so that what a seed meant before it still means. */
export const laterFaultKinds = [
  'grant refused as unauthorized client',
  'grant refused as invalid client',
  'grant refused as access denied',
  'grant refused in unknown words',
  'two operators change an app',
  'two operators change an account',
  'two operators connect an account',
  'account deleted beside a put',
  'redis failover of two histories',
  'redis clock steps',
  'node clock steps',
  'redis replica stalls',
  'jetstream away',
  'event refused for good',
] as const

/** In every fourth seed: those that are known to show something mean what they meant. */
export const latestFaultKinds = [
  'two operators write by version',
  'app deleted beside a put',
  'app given another client id',
] as const

export type FaultKind = (typeof faultKinds | typeof laterFaultKinds | typeof latestFaultKinds)[number]

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** The usual length, and now and then a long one. */
function lengthOf(kind: FaultKind, random: Random): number {
  const long = random.chance(0.15)
  if (kind === 'crash') return random.between(second, long ? 10 * minute : 20 * second)
  if (kind === 'pause') return random.between(second, long ? 3 * minute : 30 * second)
  if (kind === 'provider slow') return random.between(minute, 10 * minute)
  if (kind === 'secret expires') return random.between(minute, 2 * hour)
  if (kind.startsWith('redis failover')) return random.between(second, 15 * second)
  if (kind === 'redis replica stalls') return random.between(10 * second, long ? 20 * minute : 3 * minute)
  if (kind === 'jetstream away') return random.between(10 * second, long ? 20 * minute : 2 * minute)
  if (kind.endsWith('clock steps')) return random.between(2 * second, 10 * minute)
  if (kind === 'nats down' && long) return random.between(11 * minute, 40 * minute)
  return random.between(2 * second, long ? 15 * minute : minute)
}

/** The events of one simulated run. `kinds` selects them; without failovers no save is lost. */
export function planFaults({
  random,
  until,
  perDay,
  kinds,
}: {
  random: Random
  until: number
  perDay: number
  kinds: readonly FaultKind[]
}): Fault[] {
  const faults: Fault[] = []
  const gap = (24 * hour) / perDay
  // Trouble comes in company: that is when guards that hold one by one may fail together.
  for (let at = random.between(0, gap); at < until; at += -Math.log(1 - random.next()) * gap) {
    const company = random.chance(0.4) ? random.integer(1, 4) : 0
    for (let i = 0; i <= company; i++) {
      const kind = random.pick(kinds)
      faults.push({
        at: at + (i === 0 ? 0 : random.between(0, 40 * second)),
        kind,
        lasts: lengthOf(kind, random),
        whom: random.integer(0, 11),
        odds: random.pick([0.1, 0.5, 1]),
      })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}
