import type { Commands } from '../../src/redis/commands.ts'
import type { HighestTime } from '../../src/redis/highest-time.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { SaveToConfirm } from '../../src/redis/save-confirmation.ts'
import { StorageUnavailable } from '../../src/redis/storage-unavailable.ts'
import { createAbsences } from './absences.ts'
import { createKeyspace, hashAt, type Keyspace } from './keyspace.ts'
import type { Machine } from './machine.ts'
import { partitions } from './partitions.ts'
import type { Random } from './random.ts'
import type { Link, Way } from './redis-link.ts'
import { spaceCommands, type Write } from './space-commands.ts'
import type { World } from './world.ts'

/** Sees the records that may have been written. */
export type WriteWatch = (space: Keyspace, records: Write<unknown>['records']) => void

const commandTimeout = 2_000
const replicatesWithin = 20
const waitsForReplica = 500

export type SimulatedRedis = ReturnType<typeof createSimulatedRedis>

/** One Redis with a replica that follows it, and a wire to each machine that may misbehave. */
export function createSimulatedRedis({ world, random }: { world: World; random: Random }) {
  let space = createKeyspace()
  const replica = { space: createKeyspace(), log: [] as ((space: Keyspace) => unknown)[], connected: true }
  /** Is there a replica to wait for? */
  let counted = true
  let takesWrites = true
  let up = true
  let skew = 0
  /** How far its clock was set off, and when that last changed. */
  let step = 0
  let steppedAt = 0
  /** The latest time that a node has reported, besides the simulated time. */
  let ahead = Number.NEGATIVE_INFINITY
  const links = new Map<Machine, Link>()
  const absences = createAbsences(world)
  const watchers: WriteWatch[] = []
  const now = () => Math.floor(world.now()) + skew + step

  function replicate(): void {
    if (!replica.connected) return
    for (const write of replica.log.splice(0)) write(replica.space)
  }

  /** At the server. */
  function carryOut<T>(command: (space: Keyspace, now: number) => T, write: Write<T> | undefined): T {
    const at = now()
    const result = command(space, at)
    if (write?.changed(result)) {
      if (replica.log.push((copy) => command(copy, at)) === 1)
        world.after(random.between(1, replicatesWithin), replicate)
      for (const watch of watchers) watch(space, write.records)
    }
    return result
  }

  function linkOf(machine: Machine): Link {
    const link = links.get(machine) ?? {
      machine,
      way: 'open',
      connected: true,
      troubleAt: 0,
      loses: 0,
      open: new Set(),
      stuck: [],
      onBack: () => {},
    }
    links.set(machine, link)
    return link
  }

  function send<T>(
    link: Link,
    command: (space: Keyspace, now: number) => T,
    write: Write<T> | undefined,
  ): Promise<T> {
    const { machine } = link
    const life = machine.life()
    return new Promise<T>((resolve, reject) => {
      const end = (how: () => void) => {
        if (!link.open.delete(cut)) return
        cancel()
        how()
      }
      const fail = () => end(() => reject(new StorageUnavailable('Redis cannot be reached')))
      const cut = () => machine.later(0, fail)
      const cancel = machine.later(commandTimeout, fail)
      link.open.add(cut)
      if (!link.connected) return void machine.later(1, fail)
      const arrive = () => {
        if (!up) return
        const result = carryOut(command, write)
        if (random.chance(link.loses) || link.way !== 'open') return
        world.after(random.between(0.1, 1), () => {
          if (machine.life() === life) machine.now(() => end(() => resolve(result)))
        })
      }
      world.after(random.between(0.1, 1), () => (link.way === 'frozen' ? link.stuck.push(arrive) : arrive()))
    })
  }

  function cutAll(link: Link): void {
    link.connected = false
    absences.begin(link.machine)
    for (const cut of [...link.open]) cut()
  }

  function comeBack(link: Link): void {
    world.after(random.between(20, 700), () => {
      if (!up || link.way !== 'open') return
      link.connected = true
      absences.end(link.machine)
      link.machine.now(link.onBack)
    })
  }

  return {
    space: () => space,
    onWrite: (watch: WriteWatch) => watchers.push(watch),
    now,
    isUp: () => up,
    isReachable: (machine: Machine) => linkOf(machine).connected,
    wasAway: absences.cover,
    /** Has everything between this machine and Redis worked since then? */
    wasWellSince(machine: Machine, time: number): boolean {
      const { way, connected, loses, troubleAt } = linkOf(machine)
      return up && connected && way === 'open' && loses === 0 && troubleAt < time
    },
    commandsFor(machine: Machine): Commands {
      const link = linkOf(machine)
      link.connected = up && link.way !== 'cut'
      link.onBack = () => {}
      const commands = spaceCommands((command, write) => send(link, command, write))
      return {
        ...commands,
        async run(call) {
          if (takesWrites || call.script !== 'save') return commands.run(call)
          await commands.zcard('')
          throw new StorageUnavailable('Redis is full')
        },
      }
    },
    /** Advances when quiet time is skipped, as if each node had continued to report it. */
    highestTime(machine: Machine, seen: number): Promise<HighestTime> {
      return send(
        linkOf(machine),
        (_, at) => {
          ahead = Math.max(ahead, seen - world.now())
          return { highest: Math.max(at, Math.floor(world.now() + ahead)), redis: at }
        },
        undefined,
      )
    },
    onBack(machine: Machine, listener: () => void): void {
      linkOf(machine).onBack = listener
    },
    /** Is this still the record's save, and (WAIT 1) has the replica all that was written? */
    confirm(machine: Machine, { ref, saveId }: SaveToConfirm): Promise<boolean> {
      const key = keysOf(partitionOf(ref.id, partitions)).record(ref)
      return new Promise((resolve) => {
        const deadline = world.now() + waitsForReplica
        const isSaved = () => {
          const { way, connected } = linkOf(machine)
          return up && way === 'open' && connected && hashAt(space, key, now())?.get('w') === saveId
        }
        const look = () => {
          if (replica.log.length === 0 || !counted) resolve(isSaved())
          else if (world.now() >= deadline) resolve(false)
          else machine.later(replicatesWithin, look)
        }
        machine.later(1, look)
      })
    },
    setWay(machine: Machine, way: Way): void {
      const link = linkOf(machine)
      link.way = way
      link.troubleAt = world.now()
      if (way === 'cut') cutAll(link)
      if (way !== 'open') return
      for (const arrive of link.stuck.splice(0)) arrive()
      if (!link.connected) comeBack(link)
    },
    loseReplies(machine: Machine, probability: number): void {
      Object.assign(linkOf(machine), { loses: probability, troubleAt: world.now() })
    },
    stop(): void {
      up = false
      for (const link of links.values()) {
        link.troubleAt = world.now()
        cutAll(link)
      }
    },
    start(): void {
      up = true
      for (const link of links.values()) {
        link.troubleAt = world.now()
        comeBack(link)
      }
    },
    /** Fails like a Redis with full memory. */
    refuseWrites(refuses: boolean): void {
      takesWrites = !refuses
    },
    /** Nobody waits for it any more; `failOver` then stands for a restart from an old copy. */
    dropReplica(): void {
      counted = false
      replica.connected = false
    },
    setReplicating(connected: boolean): void {
      replica.connected = connected
      replicate()
    },
    /** Sets its clock off by so many milliseconds. */
    stepClock(milliseconds: number): void {
      step = milliseconds
      steppedAt = world.now()
    },
    steppedSince: (time: number) => steppedAt > 0 && steppedAt >= time,
    /** The replica takes over. Returns the number of writes it had not received, and the lost records. */
    failOver(): { writes: number; records: Set<string> } {
      const writes = replica.log.splice(0).length
      const records = new Set<string>()
      for (const key of new Set([...space.hashes.keys(), ...replica.space.hashes.keys()])) {
        const [before, after] = [space.hashes.get(key), replica.space.hashes.get(key)]
        if (before?.fields.get('w') !== after?.fields.get('w')) records.add(key)
      }
      space = replica.space
      replica.space = structuredClone(space)
      for (const watch of watchers) watch(space, 'any')
      skew = random.integer(-500, 500)
      return { writes, records }
    },
  }
}
