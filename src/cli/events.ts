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
  throw new InvalidArgumentError('give the id of one event, or --all')
}

export function eventCommands(program: Command, run: Run): void {
  const events = program
    .command('events')
    .description('dead letters: events that their stream rejects permanently')
  events
    .command('dead')
    .description('list dead letters with their reasons')
    .option('--limit <n>', 'at most n events', parseCount, 100)
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
    ['retry', 'retried', 'publish dead letters again, once the cause is removed'],
    ['drop', 'dropped', 'delete dead letters, which are then never published'],
  ] as const) {
    events
      .command(`${verb} [id]`)
      .description(description)
      .option('--all', 'all dead letters')
      .action(
        run(async ({ bus, print }, id: string | undefined, options: Which) => {
          const answer = (await bus.request(`events.${verb}`, whichOf(id, options))) as Record<string, number>
          print(answer, () => [`${answer[done]} ${done}`])
          return answer[done] === 0 && id !== undefined ? 1 : 0
        }),
      )
  }
}
