import type { Fault, FaultKind } from './faults.ts'
import type { Operators } from './operators.ts'
import type { SimulatedNats } from './simulated-nats.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { calm, type Mood, type SimulatedProvider } from './simulated-provider.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import type { StrangeWords } from './strange-refusals.ts'
import type { World } from './world.ts'

export interface Parts {
  readonly world: World
  readonly nodes: readonly SimulatedNode[]
  readonly redis: SimulatedRedis
  readonly nats: SimulatedNats
  readonly provider: SimulatedProvider
  readonly operators: Operators
  /** A failover lost writes, and with them the last of these records. */
  onForgotten(records: ReadonlySet<string>): void
  note(text: () => string): void
}

/** Starts a fault, and returns a function that ends it; undefined if it ends by itself. */
type Inflict = (fault: Fault, parts: Parts) => (() => void) | undefined

/** What a clock is off by after the longest time that a node may have to do without Redis' stays below 2 s. */
const worstDrift = 0.002

const machineOf = ({ whom }: Fault, { nodes }: Parts) => nodes[whom % nodes.length] as SimulatedNode

function onMachine(
  begin: (parts: Parts, machine: SimulatedNode['machine'], odds: number) => () => void,
): Inflict {
  return (fault, parts) => begin(parts, machineOf(fault, parts).machine, fault.odds)
}

function inMood(mood: (odds: number) => Partial<Mood>): Inflict {
  return ({ odds }, { provider }) => {
    const change = mood(odds)
    Object.assign(provider.mood, change)
    return () => {
      for (const name of Object.keys(change) as (keyof Mood)[])
        Object.assign(provider.mood, { [name]: calm[name] })
    }
  }
}

const hour = 3_600_000

function strangely(words: StrangeWords): Inflict {
  return ({ whom }, { operators }) => void operators.refuseStrangely(whom, words)
}

const table: Record<FaultKind, Inflict> = {
  crash(fault, parts) {
    const node = machineOf(fault, parts)
    if (!node.machine.isUp()) return undefined
    node.crash()
    return () => void (node.machine.isUp() || node.start())
  },
  pause: onMachine((_, machine) => {
    machine.pause()
    return machine.resume
  }),
  partition: onMachine(({ redis, nats }, machine) => {
    redis.setWay(machine, 'cut')
    nats.cut(machine)
    return () => {
      redis.setWay(machine, 'open')
      nats.mend(machine)
    }
  }),
  'clock drifts': onMachine((_, machine, odds) => {
    machine.setRate(1 + (odds === 0.5 ? -1 : odds) * worstDrift)
    return () => machine.setRate(1)
  }),
  'redis link cut': onMachine(({ redis }, machine) => {
    redis.setWay(machine, 'cut')
    return () => redis.setWay(machine, 'open')
  }),
  'redis link frozen': onMachine(({ redis }, machine) => {
    redis.setWay(machine, 'frozen')
    return () => redis.setWay(machine, 'open')
  }),
  'redis replies lost': onMachine(({ redis }, machine, odds) => {
    redis.loseReplies(machine, odds)
    return () => redis.loseReplies(machine, 0)
  }),
  'redis down': (_, { redis }) => {
    redis.stop()
    return redis.start
  },
  'redis replica behind': ({ lasts }, { redis, world }) => {
    redis.setReplicating(false)
    // After a few seconds Redis no longer counts the replica, and saves would not wait for it.
    world.after(Math.min(lasts, 4_000), () => redis.setReplicating(true))
    return undefined
  },
  'redis failover': (_, { redis, onForgotten }) => {
    redis.stop()
    const { writes, records } = redis.failOver()
    if (writes > 0) onForgotten(records)
    return redis.start
  },
  'nats link cut': onMachine(({ nats }, machine) => {
    nats.cut(machine)
    return () => nats.mend(machine)
  }),
  'nats acks lost': onMachine(({ nats }, machine, odds) => {
    nats.loseAcks(machine, odds)
    return () => nats.loseAcks(machine, 0)
  }),
  'bus messages lost': onMachine(({ nats }, machine, odds) => {
    nats.loseMessages(machine, odds)
    return () => nats.loseMessages(machine, 0)
  }),
  'bus late': onMachine(({ nats }, machine, odds) => {
    nats.deliverLate(machine, odds * 20_000)
    return () => nats.deliverLate(machine, 0)
  }),
  'nats down': (_, { nats }) => {
    nats.stop()
    return nats.start
  },
  'provider refuses connections': inMood(() => ({ reaches: 'refuses connections' })),
  'provider says 503': inMood(() => ({ reaches: 'says 503' })),
  'provider throttles': inMood(() => ({ reaches: 'says 429' })),
  'provider answers lost': inMood((odds) => ({ losesAnswers: odds })),
  'provider requests lost': inMood((odds) => ({ losesRequests: odds })),
  'provider slow': inMood((odds) => ({ slowest: 2_000 + odds * 60_000 })),
  'user revokes': ({ whom }, { operators }) => void operators.revoke(whom),
  'provider tells of a revocation': ({ whom }, { operators }) => void operators.revokeAndTell(whom),
  'user reconnects': ({ whom }, { operators }) => void operators.reconnect(whom),
  'old token put': ({ whom }, { operators }) => void operators.putOld(whom),
  'account deleted and put': ({ whom }, { operators }) => void operators.deleteAndPut(whom),
  'token rejected': ({ whom }, { operators }) => void operators.reject(whom),
  'secret expires': (_, { operators }) => operators.expireSecret(),
  'grant refused as unauthorized client': strangely('unauthorized client'),
  'grant refused as invalid client': strangely('invalid client'),
  'grant refused as access denied': strangely('access denied'),
  'grant refused in unknown words': strangely('unknown words'),
  'two operators change an app': ({ whom }, { operators }) => void operators.changeApp(whom),
  'two operators change an account': ({ whom }, { operators }) => void operators.changeAccount(whom),
  'two operators connect an account': ({ whom }, { operators }) => void operators.connectTwice(whom),
  'two operators write by version': ({ whom }, { operators }) => void operators.writeByVersion(whom),
  'app deleted beside a put': (_, { operators }) => void operators.deleteAppBesidePut(),
  'app given another client id': ({ whom, odds }, { operators }) =>
    operators.giveOtherClient(whom, odds === 1 ? 'unknown' : 'foreign'),
  'account deleted beside a put': ({ whom }, { operators }) => void operators.deleteBesidePut(whom),
  // The lost save and its replacement reach the same version of the same record.
  'redis failover of two histories': ({ whom, lasts }, { redis, operators, world, onForgotten }) => {
    redis.setReplicating(false)
    operators.changeAccount(whom)
    world.after(3_000, () => {
      redis.stop()
      onForgotten(redis.failOver().records)
      redis.setReplicating(true)
      world.after(lasts, () => {
        redis.start()
        world.after(1_000, () => operators.changeAccount(whom))
      })
    })
    return undefined
  },
  'redis clock steps': ({ odds }, { redis }) => {
    redis.stepClock(odds === 0.5 ? -hour : odds * hour)
    return () => redis.stepClock(0)
  },
  'node clock steps': onMachine((_, machine, odds) => {
    const step = odds === 0.5 ? -hour : odds * hour
    machine.stepWallClock(step)
    return () => machine.stepWallClock(-step)
  }),
  'redis replica stalls': (_, { redis }) => {
    redis.setReplicating(false)
    return () => redis.setReplicating(true)
  },
  'jetstream away': (_, { nats }) => {
    nats.setStream(false)
    return () => nats.setStream(true)
  },
  'event refused for good': ({ whom }, { nats, operators }) => nats.refuse(operators.accountOf(whom)),
}

/** Lets each fault begin and end at its time. Overlapping ones end when the first of them does. */
export function inflict(faults: readonly Fault[], parts: Parts, start: number): void {
  for (const fault of faults) {
    parts.world.at(start + fault.at, () => {
      parts.note(
        () => `${fault.kind} (${fault.whom % parts.nodes.length}) for ${Math.round(fault.lasts / 1_000)} s`,
      )
      const end = table[fault.kind](fault, parts)
      if (end === undefined) return
      parts.world.after(fault.lasts, () => {
        parts.note(() => `${fault.kind} ends`)
        end()
      })
    })
  }
}
