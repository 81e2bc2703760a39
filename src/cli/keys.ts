import type { Command } from 'commander'
import { sealingKey } from '../bus/subjects.ts'
import type { KeyRotation } from '../contract/maintenance.ts'
import type { Bus } from './bus.ts'
import { nodesOf } from './roll-call.ts'
import type { Run } from './tools.ts'

export function keyCommands(program: Command, run: Run): void {
  program
    .command('keys')
    .description('the keys that seal tokens and secrets')
    .command('rotate')
    .description(
      'seal everything with the first of TOKENBUS_KEYS, so that the others may go; safe to run again',
    )
    .action(
      run(async ({ bus, terminal, print, colours }) => {
        const keys = await keysInUse(bus)
        const [[key] = [''], ...others] = keys
        if (others.length > 0) {
          const each = keys.map(([id, count]) => `${count} with ${id}`).join(', ')
          terminal.err(
            `Nodes seal with different keys (${each}): give all the same TOKENBUS_KEYS and restart them.`,
          )
          return 1
        }
        const total = { looked: 0, resealed: 0, unopened: [] as string[] }
        let page: KeyRotation | undefined
        do {
          const query = { key, ...(page?.cursor && { cursor: page.cursor }) }
          page = (await bus.request('keys.rotate', query)) as KeyRotation
          total.looked += page.looked
          total.resealed += page.resealed
          total.unopened.push(...page.unopened)
          const percent = Math.floor(page.progress * 100)
          print({ ...total, progress: page.progress }, () => [
            `${String(percent).padStart(3)} %  ${total.looked} looked at, ${total.resealed} sealed anew with ${key}`,
          ])
        } while (page.cursor !== undefined)
        const { retired = [] } = page
        print({ key, ...total, retired }, () => [
          ...total.unopened.map((id) => colours.red(`does not open: ${id}`)),
          total.unopened.length > 0
            ? 'The other keys must stay: what does not open may need one of them.'
            : `Everything is sealed with ${key}. No longer needed in TOKENBUS_KEYS: ${retired.join(', ') || 'none was'}.`,
        ])
        return total.unopened.length > 0 ? 1 : 0
      }),
    )
}

/** The ids of the keys that nodes seal with, and how many nodes do. Rejects with `Unreachable` when none answers. */
async function keysInUse(bus: Bus): Promise<[string, number][]> {
  const counts = new Map<string, number>()
  for (const node of await nodesOf(bus)) {
    const key = node[sealingKey] ?? 'a key it does not tell'
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts]
}
