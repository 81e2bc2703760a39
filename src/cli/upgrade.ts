import type { Command } from 'commander'
import { newestLevelName, writeLevelName } from '../bus/subjects.ts'
import type { UpgradePage } from '../contract/maintenance.ts'
import { Unreachable } from './bus.ts'
import { nodesOf } from './roll-call.ts'
import type { Run, Tools } from './tools.ts'

/** Nodes look each second which level to write. */
const mostRollCalls = 30

export function upgradeCommands(program: Command, run: Run): void {
  program
    .command('upgrade')
    .description('the form in which everything is stored')
    .command('finish')
    .description(
      'once every node runs the new version: store everything in its form, and accept no older one; safe to run again',
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

/** A node that still wrote the older form would write what is about to be refused. */
async function untilAllWrite({ bus }: Tools, level: number): Promise<void> {
  for (let calls = 0; calls < mostRollCalls; calls++) {
    const nodes = await nodesOf(bus)
    if (nodes.every((node) => Number(node[writeLevelName] ?? 1) >= level)) return
  }
  throw new Unreachable(
    `Some node does not come to write level ${level}: can it reach Redis? Run this again.`,
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
      `${percent} %  ${total.looked} looked at, ${total.rewritten} stored anew`,
    ])
  }
  print({ level: page.level, ...total, finished: page.finished === true }, () => [
    ...total.unopened.map((id) => colours.red(`cannot be read, and is refused from now on: ${id}`)),
    `Everything is stored at level ${page.level}. Nothing older is accepted any more, and older versions do not start.`,
  ])
  return total.unopened.length > 0 ? 1 : 0
}
