import type { Command } from 'commander'
import { jsonLine } from './terminal.ts'
import type { Run } from './tools.ts'
import { eventLine, transitionLine } from './transition-line.ts'

const subjects = [
  'token.refreshed.*',
  'token.invalid.*',
  'account.transition.*',
  'account.grant-expiring.*',
  'account.removed.*',
  'account.user-changed.*',
  'app.secret-expiring.*',
  'app.secret-expired.*',
  'app.secret-restored.*',
  'app.refused.*',
]

export function watchCommand(program: Command, run: Run): void {
  program
    .command('watch [pattern]')
    .description('print events as they happen; a pattern such as team-* selects accounts and apps')
    .action(
      run(async ({ bus, terminal, json }, pattern: string | undefined) => {
        const lineOf = (body: Record<string, unknown>) =>
          body.type === 'account.transition' ? transitionLine(body, terminal) : eventLine(body, terminal)
        const matches = pattern === undefined ? () => true : globMatcher(pattern)
        for (const subject of subjects) {
          bus.nats.subscribe(subject, {
            callback(error, message) {
              if (error !== null) return terminal.err(`NATS does not allow ${subject}`)
              const body = message.json() as Record<string, unknown>
              if (matches(String(body.account ?? body.app)))
                terminal.out(json ? jsonLine(body) : lineOf(body))
            },
          })
        }
        await bus.nats.flush()
        await terminal.interrupted
      }),
    )
}

function globMatcher(pattern: string): (id: string) => boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  const expression = new RegExp(`^${escaped.join('.*')}$`, 'su')
  return (id) => expression.test(id)
}
