import type { Command } from 'commander'
import { sealingKey } from '../bus/subjects.ts'
import type { KeyRotation } from '../contract/maintenance.ts'
import type { Bus } from './bus.ts'
import { nodesOf } from './roll-call.ts'
import type { Run } from './tools.ts'

export function keyCommands(program: Command, run: Run): void {
  program
    .command('keys')
    .description('the keys that encrypt tokens and secrets')
    .command('rotate')
    .description(
      're-encrypt everything with the first key of TOKENBUS_KEYS, so that the others can be removed; safe to repeat',
    )
    .action(
      run(async ({ bus, terminal, print, colours }) => {
        const keys = await keysInUse(bus)
        const [[key] = [''], ...others] = keys
        if (others.length > 0) {
          const each = keys.map(([id, count]) => `${count} with ${id}`).join(', ')
          terminal.err(
            `Nodes encrypt with different keys (${each}): give all of them the same TOKENBUS_KEYS, and restart them.`,
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
            `${String(percent).padStart(3)} %  ${total.looked} checked, ${total.resealed} re-encrypted with ${key}`,
          ])
        } while (page.cursor !== undefined)
        const { retired = [] } = page
        print({ key, ...total, retired }, () => [
          ...total.unopened.map((id) => colours.red(`cannot be decrypted: ${id}`)),
          total.unopened.length > 0
            ? 'Keep the other keys: the records that cannot be decrypted may need one of them.'
            : `Everything is encrypted with ${key}. No longer needed in TOKENBUS_KEYS: ${retired.join(', ') || 'none'}.`,
        ])
        return total.unopened.length > 0 ? 1 : 0
      }),
    )
}

/** The ids of the keys that nodes encrypt with, and the number of nodes per key. Rejects with `Unreachable` if none answers. */
async function keysInUse(bus: Bus): Promise<[string, number][]> {
  const counts = new Map<string, number>()
  for (const node of await nodesOf(bus)) {
    const key = node[sealingKey] ?? 'an unknown key'
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts]
}
