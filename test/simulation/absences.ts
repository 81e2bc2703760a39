import type { Machine } from './machine.ts'
import type { World } from './world.ts'

interface Absence {
  readonly machine: Machine
  readonly from: number
  until: number
}

/** When machines were cut off. Times are simulated milliseconds. */
export function createAbsences(world: Pick<World, 'now'>) {
  const all: Absence[] = []
  const current = new Map<Machine, Absence>()

  return {
    begin(machine: Machine): void {
      if (current.has(machine)) return
      const absence = { machine, from: world.now(), until: Number.POSITIVE_INFINITY }
      current.set(machine, absence)
      all.push(absence)
    },
    end(machine: Machine): void {
      const absence = current.get(machine)
      if (absence !== undefined) absence.until = world.now()
      current.delete(machine)
    },
    /** Was the machine cut off all this time? */
    cover: (machine: Machine, from: number, until: number): boolean =>
      all.some((each) => each.machine === machine && each.from <= from && each.until >= until),
  }
}
