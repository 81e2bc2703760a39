import { encodeId } from '../contract/encode-id.ts'
import { accountEvents } from '../events/durable.ts'

/** The JetStream API prefix, instead of `$JS.API`, under which a consumer reaches its durable from its own NATS account. */
export const consumerApiPrefix = 'tokenbus.js'

export interface ConsumerAccount {
  readonly name: string
  /** The accounts it may request tokens of; undefined: all. */
  readonly accounts: readonly string[] | undefined
}

export const natsAccountOf = (name: string): string => name.toUpperCase().replaceAll('-', '_')
export const passwordVariableOf = (name: string): string => `NATS_${natsAccountOf(name)}_PASSWORD`

/** The nats.conf block of a consumer's own NATS account, with exactly the permissions it needs. */
export function consumerAccount({ name, accounts }: ConsumerAccount): string[] {
  const tokens = accounts?.map(encodeId) ?? ['*']
  const asked = tokens.flatMap((token) => [`token.get.${token}`, `token.reject.${token}`])
  const eventSubjects = tokens.flatMap((token) => accountEvents.map((type) => `${type}.${token}`))
  const calls = ['INFO', 'MSG.NEXT'].map((verb) => `CONSUMER.${verb}.TOKENBUS_EVENTS.${name}`)
  const acks = `$JS.ACK.TOKENBUS_EVENTS.${name}.>`
  const publish = [...asked, ...calls.map((call) => `${consumerApiPrefix}.${call}`), acks]
  const from = (subject: string) => `{ account: TOKENBUS, subject: "${subject}" }`
  const imports = [
    ...asked.map((subject) => `{ service: ${from(subject)}, share: true }`),
    ...eventSubjects.map((subject) => `{ stream: ${from(subject)} }`),
    ...calls.map((call) => `{ service: ${from(`$JS.API.${call}`)}, to: "${consumerApiPrefix}.${call}" }`),
    `{ service: ${from(acks)} }`,
  ]
  return [
    `${natsAccountOf(name)} {`,
    '  users: [',
    `    { user: "${name}", password: $${passwordVariableOf(name)}`,
    '      permissions: {',
    ...list('        publish', publish.map(quoted)),
    ...list('        subscribe', [...eventSubjects, `_INBOX_${name}.>`].map(quoted)),
    '      } }',
    '  ]',
    ...list('  imports', imports),
    '}',
  ]
}

const quoted = (text: string) => `"${text}"`

function list(key: string, items: readonly string[]): string[] {
  const indent = ' '.repeat(key.length - key.trimStart().length)
  return [`${key}: [`, ...items.map((item) => `${indent}  ${item}`), `${indent}]`]
}
