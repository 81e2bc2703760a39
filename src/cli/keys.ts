import type { Command } from 'commander'
import { RequestStrategy } from 'nats'
import { z } from 'zod'
import type { KeyRotation } from '../api.ts'
import { sealingKey } from '../bus/subjects.ts'
import { type Bus, Unreachable } from './bus.ts'
import type { Run } from './program.ts'

const infoSchema = z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()) })

/** How long nodes are given to say which key they seal with, in milliseconds. */
const rollCall = 1_000

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
async function keysInUse({ nats }: Bus): Promise<[string, number][]> {
  const counts = new Map<string, number>()
  const answers = await nats.requestMany('$SRV.INFO.tokenbus', undefined, {
    strategy: RequestStrategy.Timer,
    maxWait: rollCall,
  })
  for await (const answer of answers) {
    if (answer.data.length === 0) continue
    const key = infoSchema.parse(answer.json()).metadata[sealingKey] ?? 'a key it does not tell'
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  if (counts.size === 0) throw new Unreachable('tokenbus does not answer on this NATS; is it running?')
  return [...counts]
}
