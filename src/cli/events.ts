import { type Command, InvalidArgumentError } from 'commander'
import type { DeadEvent } from '../contract/maintenance.ts'
import { parseCount } from './read-secret.ts'
import type { Run } from './tools.ts'

interface Which {
  readonly all?: true
}

function whichOf(id: string | undefined, { all }: Which): { id: string } | { all: true } {
  if (id !== undefined && all === undefined) return { id }
  if (id === undefined && all !== undefined) return { all }
  throw new InvalidArgumentError('name one event by its id, or say --all')
}

export function eventCommands(program: Command, run: Run): void {
  const events = program.command('events').description('events that their stream will never take')
  events
    .command('dead')
    .description('those that were set aside, and why')
    .option('--limit <n>', 'so many at most', parseCount, 100)
    .action(
      run(async ({ bus, print, colours }, { limit }: { limit: number }) => {
        const found = (await bus.request('events.dead', { limit })) as { events: DeadEvent[]; total: number }
        print(found, () => [
          ...found.events.map(({ id, type, time, account, app, version, bytes, reason }) =>
            [
              id,
              colours.dim(time),
              `${type} ${colours.bold(account ?? app ?? '')}`,
              `version ${version}`,
              `${bytes} bytes`,
              colours.red(reason),
            ].join('  '),
          ),
          `${found.events.length} of ${found.total}`,
        ])
      }),
    )
  for (const [verb, done, description] of [
    ['retry', 'retried', 'send them again, once what was in their way is gone'],
    ['drop', 'dropped', 'forget them: their listeners will never hear of them'],
  ] as const) {
    events
      .command(`${verb} [id]`)
      .description(description)
      .option('--all', 'all of them')
      .action(
        run(async ({ bus, print }, id: string | undefined, options: Which) => {
          const answer = (await bus.request(`events.${verb}`, whichOf(id, options))) as Record<string, number>
          print(answer, () => [`${answer[done]} ${done}`])
          return answer[done] === 0 && id !== undefined ? 1 : 0
        }),
      )
  }
}
