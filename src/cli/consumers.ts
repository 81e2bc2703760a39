import { type Command, InvalidArgumentError } from 'commander'
import { NatsError } from 'nats'
import { idSchema } from '../contract/fields.ts'
import { adoptDurable, createDurable } from '../events/durable.ts'
import { Refused, Unreachable } from './bus.ts'
import { consumerAccount, consumerApiPrefix, natsAccountOf, passwordVariableOf } from './consumer-account.ts'
import type { Run } from './tools.ts'

export function consumerCommands(program: Command, run: Run): void {
  const consumer = program
    .command('consumer')
    .description('durable consumers of events, and the NATS accounts of their readers')

  for (const [verb, prepare, description] of [
    ['create', createDurable, 'create a durable consumer, and print the nats.conf block of its reader'],
    ['adopt', adoptDurable, 'the same for an existing durable consumer, which keeps its position'],
  ] as const) {
    consumer
      .command(`${verb} <name>`)
      .description(description)
      .option('--accounts <ids>', 'only these accounts, comma-separated (default: all)', parseAccounts)
      .action(
        run(async ({ bus, terminal, print }, given: string, options: { accounts?: string[] }) => {
          const name = parseName(given)
          const { accounts } = options
          const result = await prepare(bus.nats, { name, accounts }).catch((cause: unknown) => {
            throw cause instanceof NatsError ? unavailable(cause) : cause
          })
          if (!result.ok) throw new Refused(result.failure)
          const { created, info } = result.value
          const { config, num_pending: pending } = info
          const acknowledged = info.ack_floor.stream_seq
          const filters = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : [])
          const block = consumerAccount({ name, accounts })
          print({ name, created, filters, acknowledged, pending, conf: block.join('\n') }, () => {
            const filter = filters.join(', ') || 'all events'
            const state = `acknowledged up to ${acknowledged}, ${pending} pending`
            terminal.err(`${name}: ${created ? 'created' : 'exists already'}; filter: ${filter}; ${state}`)
            return [...instructions(name), ...block]
          })
        }),
      )
  }
}

function instructions(name: string): string[] {
  return [
    `# Add this to accounts {} of nats.conf, unless it has an account ${natsAccountOf(name)} already, and reload the server`,
    '# (SIGHUP; nats-server 2.9 needs two reloads to apply a new account completely).',
    `# The password comes from the server's environment, or from a top-level line of nats.conf: ${passwordVariableOf(name)}: "…"`,
    `# Clients use the JetStream API prefix ${consumerApiPrefix}, the inbox prefix _INBOX_${name}, and bind to ${name}.`,
  ]
}

/** Checks that the name is valid for a durable, a NATS user and, in upper case, a NATS account. */
function parseName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name) || natsAccountOf(name) === 'TOKENBUS')
    throw new InvalidArgumentError(
      'name: must be a letter, then up to 63 letters, digits, _ or -, and not tokenbus.',
    )
  return name
}

function parseAccounts(text: string): string[] {
  const ids = [...new Set(text.split(',').map((id) => id.trim()))]
  for (const id of ids) {
    const { error } = idSchema.safeParse(id)
    if (error) throw new InvalidArgumentError(`${error.issues[0]?.message}.`)
  }
  return ids
}

function unavailable(cause: NatsError): Unreachable {
  const denied = cause.permissionContext
  return new Unreachable(
    denied
      ? `The NATS user lacks the permission to ${denied.operation} ${denied.subject}; use the operator's credentials.`
      : `JetStream does not answer (${cause.message}).`,
    { cause },
  )
}
