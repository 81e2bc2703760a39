import type { Change, ChangedRecord } from '../../src/events/changes.ts'
import { EventRefused, type Publisher } from '../../src/events/publisher.ts'
import type { OutboxEntry } from '../../src/redis/record.ts'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface Member {
  readonly machine: Machine
  readonly onChange: (changed: ChangedRecord) => void
  readonly onDown: () => void
  readonly onUp: () => void
}

interface Wire {
  readonly machine: Machine
  member: Member | undefined
  whole: boolean
  /** When it last misbehaved. */
  troubleAt: number
  /** What the machine believes. */
  connected: boolean
  /** What a broken wire holds until it is whole again, or found broken. */
  held: (() => void)[]
  readonly losses: Set<() => void>
  losesAcks: number
  losesMessages: number
  /** Milliseconds that a message may take at most. */
  slowest: number
  lastDelivery: number
}

const duplicateWindow = 10 * 60_000
/** Milliseconds over a wire in good order. */
const usual = 3
const ackTimeout = 5_000
/** Two pings of 5 s without an answer. */
const noticedWithin = 10_000

export type SimulatedNats = ReturnType<typeof createSimulatedNats>

/** One NATS server with JetStream, and a connection to each machine that may break silently. */
export function createSimulatedNats({ world, random }: { world: World; random: Random }) {
  const wires = new Map<Machine, Wire>()
  const seen = new Map<string, number>()
  const lastOfSubject = new Map<string, string>()
  const listeners: ((entry: OutboxEntry) => void)[] = []
  /** Whose events are too large, and which were. */
  const refusing = new Set<string>()
  const refusedIds = new Map<string, string>()
  let up = true
  /** JetStream, apart from the server. */
  let streamUp = true
  let streamTroubleAt = 0

  function wireOf(machine: Machine): Wire {
    const wire: Wire = wires.get(machine) ?? {
      machine,
      member: undefined,
      whole: true,
      troubleAt: 0,
      connected: false,
      held: [],
      losses: new Set(),
      losesAcks: 0,
      losesMessages: 0,
      slowest: usual,
      lastDelivery: 0,
    }
    wires.set(machine, wire)
    return wire
  }

  /** Over the wire, in order, while both ends live. */
  function over(wire: Wire, job: () => void): void {
    if (!wire.whole) return void wire.held.push(job)
    wire.lastDelivery = Math.max(wire.lastDelivery, world.now() + random.between(0.2, wire.slowest))
    world.at(wire.lastDelivery, job)
  }

  function toMember(wire: Wire, job: (member: Member) => void): void {
    const life = wire.machine.life()
    over(wire, () => {
      const { member, machine } = wire
      if (member !== undefined && machine.life() === life)
        machine.now(() => void (wire.connected && job(member)))
    })
  }

  const subjectOf = ({ type, ref }: OutboxEntry) => `${type}.${ref.id}`

  function store(entry: OutboxEntry): void {
    const at = world.now()
    if (!streamUp) throw new Error('503')
    if (refusedIds.has(entry.id)) throw new EventRefused('too large')
    if (refusing.has(entry.ref.id) && !seen.has(entry.id)) {
      refusedIds.set(entry.id, entry.ref.id)
      for (const listener of listeners) listener(entry)
      throw new EventRefused('too large')
    }
    for (const [id, time] of seen) {
      if (at - time < duplicateWindow) break
      seen.delete(id)
    }
    if (seen.has(entry.id)) return
    seen.set(entry.id, at)
    lastOfSubject.set(subjectOf(entry), entry.id)
    for (const listener of listeners) listener(entry)
  }

  function toAll({ kind, id, version }: Change): void {
    for (const wire of wires.values()) {
      // A slow consumer misses messages.
      if (wire.connected && !(wire.losesMessages > 0 && random.chance(wire.losesMessages)))
        toMember(wire, ({ onChange }) => onChange({ kind, id, version: () => version }))
    }
  }

  function disconnect(wire: Wire): void {
    if (!wire.connected) return
    wire.connected = false
    wire.held = []
    const { member } = wire
    for (const lose of [...wire.losses]) lose()
    if (member !== undefined) wire.machine.later(0, member.onDown)
  }

  function reconnect(wire: Wire): void {
    const { machine, member } = wire
    const life = machine.life()
    world.after(random.between(10, 2_000), () => {
      if (!up || !wire.whole || wire.connected || machine.life() !== life || member === undefined) return
      wire.connected = true
      wire.troubleAt = world.now()
      machine.later(0, member.onUp)
    })
  }

  function lastOf(entry: OutboxEntry): boolean {
    if (!streamUp) throw new Error('503')
    return lastOfSubject.get(subjectOf(entry)) === entry.id
  }

  function request<T>(wire: Wire, serve: () => T): Promise<T> {
    const { machine } = wire
    const life = machine.life()
    return new Promise<T>((resolve, reject) => {
      if (!wire.connected) return reject(new Error('NATS is not connected.'))
      const end = (how: () => void) => {
        if (!wire.losses.delete(lose)) return
        cancel()
        how()
      }
      const lose = () => machine.later(0, () => end(() => reject(new Error('connection lost'))))
      const cancel = machine.later(ackTimeout, () => end(() => reject(new Error('timeout'))))
      wire.losses.add(lose)
      over(wire, () => {
        if (!up) return
        const answer = carryOut(serve)
        if (random.chance(wire.losesAcks)) return
        over(wire, () => {
          if (machine.life() === life)
            machine.now(() => end(() => ('error' in answer ? reject(answer.error) : resolve(answer.result))))
        })
      })
    })
  }

  return {
    /** Everything a stream accepts or permanently rejects, once per id within the duplicate window. */
    onStored: (listener: (entry: OutboxEntry) => void) => listeners.push(listener),
    isReachable: (machine: Machine) => up && wireOf(machine).whole && wireOf(machine).connected,
    isUp: () => up,
    hasStream: () => up && streamUp,
    streamWasWellSince: (time: number) => up && streamUp && streamTroubleAt < time,
    /** By the id of the event, of whom it was. */
    refused: refusedIds as ReadonlyMap<string, string>,
    /** From now on, until the answer is called, its events are larger than the stream takes. */
    refuse(id: string): () => void {
      refusing.add(id)
      return () => void refusing.delete(id)
    },
    setStream(runs: boolean): void {
      streamUp = runs
      streamTroubleAt = world.now()
    },
    wasWellSince(machine: Machine, time: number): boolean {
      const { whole, connected, losesAcks, losesMessages, slowest, troubleAt } = wireOf(machine)
      const fine = losesAcks === 0 && losesMessages === 0 && slowest === usual
      return up && whole && connected && fine && troubleAt < time
    },
    join(member: Member): Omit<Publisher, 'stop'> & { announce(change: Change): void } {
      const wire = wireOf(member.machine)
      wire.member = member
      wire.held = []
      wire.losses.clear()
      wire.connected = up && wire.whole
      return {
        publish: (entry) => request(wire, () => store(entry)),
        alreadyThere: (entry) => request(wire, () => lastOf(entry)),
        connected: () => wire.connected,
        announce(change) {
          if (wire.connected) over(wire, () => up && toAll(change))
        },
      }
    },
    cut(machine: Machine): void {
      const wire = wireOf(machine)
      wire.whole = false
      wire.troubleAt = world.now()
      world.after(random.between(0, noticedWithin), () => wire.whole || disconnect(wire))
    },
    mend(machine: Machine): void {
      const wire = wireOf(machine)
      wire.whole = true
      for (const job of wire.held.splice(0)) over(wire, job)
      if (!wire.connected) reconnect(wire)
    },
    loseAcks(machine: Machine, probability: number): void {
      Object.assign(wireOf(machine), { losesAcks: probability, troubleAt: world.now() })
    },
    loseMessages(machine: Machine, probability: number): void {
      Object.assign(wireOf(machine), { losesMessages: probability, troubleAt: world.now() })
    },
    /** `most` in milliseconds; later ones never overtake. What is on its way stays late. */
    deliverLate(machine: Machine, most: number): void {
      const wire = wireOf(machine)
      const troubleAt = Math.max(world.now(), wire.lastDelivery)
      Object.assign(wire, { slowest: Math.max(most, usual), troubleAt })
    },
    stop(): void {
      up = false
      streamTroubleAt = world.now()
      for (const wire of wires.values()) disconnect(wire)
    },
    start(): void {
      up = true
      streamTroubleAt = world.now()
      for (const wire of wires.values()) reconnect(wire)
    },
  }
}

function carryOut<T>(serve: () => T): { result: T } | { error: Error } {
  try {
    return { result: serve() }
  } catch (error) {
    return { error: error as Error }
  }
}
