import type { Command } from 'commander'
import { newestLevelName, writeLevelName } from '../bus/subjects.ts'
import type { UpgradePage } from '../contract/maintenance.ts'
import { Unreachable } from './bus.ts'
import { nodesOf } from './roll-call.ts'
import type { Run, Tools } from './tools.ts'

/** Nodes read the write level each second, and a roll call takes one. */
const maxRollCalls = 30

export function upgradeCommands(program: Command, run: Run): void {
  program
    .command('upgrade')
    .description('upgrades of the storage format')
    .command('finish')
    .description(
      'once every node runs the new version: rewrite everything in its format and reject older ones; safe to repeat',
    )
    .action(
      run(async (tools) => {
        const { bus, terminal } = tools
        const nodes = await nodesOf(bus)
        const levels = nodes.map((node) => Number(node[newestLevelName] ?? 1))
        const level = Math.max(...levels)
        const older = levels.filter((each) => each < level || each === 1).length
        if (older > 0) {
          terminal.err(`${older} of ${nodes.length} nodes run an older version: replace them first.`)
          return 1
        }
        const begun = (await bus.request('upgrade.finish', { level })) as UpgradePage
        if (begun.cursor !== undefined) await untilAllWrite(tools, level)
        return rewriteFrom(tools, begun)
      }),
    )
}

/** Waits until no node writes the older format, which will then be rejected. */
async function untilAllWrite({ bus }: Tools, level: number): Promise<void> {
  for (let calls = 0; calls < maxRollCalls; calls++) {
    const nodes = await nodesOf(bus)
    if (nodes.every((node) => Number(node[writeLevelName] ?? 1) >= level)) return
  }
  throw new Unreachable(
    `Not every node writes level ${level} yet; check that all of them reach Redis, and run this again.`,
  )
}

async function rewriteFrom({ bus, print, colours }: Tools, begun: UpgradePage): Promise<0 | 1> {
  const total = { looked: 0, rewritten: 0, unopened: [] as string[] }
  let page = begun
  while (page.cursor !== undefined) {
    page = (await bus.request('upgrade.finish', { level: page.level, cursor: page.cursor })) as UpgradePage
    total.looked += page.looked
    total.rewritten += page.rewritten
    total.unopened.push(...page.unopened)
    const percent = String(Math.floor(page.progress * 100)).padStart(3)
    print({ ...total, progress: page.progress }, () => [
      `${percent} %  ${total.looked} checked, ${total.rewritten} rewritten`,
    ])
  }
  print({ level: page.level, ...total, finished: page.finished === true }, () => [
    ...total.unopened.map((id) => colours.red(`cannot be read, and is rejected from now on: ${id}`)),
    `Everything is stored at level ${page.level}. Older formats are no longer accepted, and older versions do not start.`,
  ])
  return total.unopened.length > 0 ? 1 : 0
}
