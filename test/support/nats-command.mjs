// `nats request <subject> <payload>` as the nats command has it, for machines without that command: the server is
// NATS_URL or -s; replies go to _INBOX or --inbox-prefix. Exits with 1 if the reply is a failure.
import { parseArgs } from 'node:util'
import { connect } from 'nats'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string', short: 's' }, 'inbox-prefix': { type: 'string' } },
})
const [verb, subject, payload, ...others] = positionals
if (verb !== 'request' || payload === undefined || others.length > 0) {
  process.stderr.write(
    `only "nats request <subject> <payload>" is played here, not ${positionals.join(' ')}\n`,
  )
  process.exit(2)
}
const url = new URL(values.server ?? process.env.NATS_URL)
const nats = await connect({
  servers: url.host,
  user: decodeURIComponent(url.username),
  pass: decodeURIComponent(url.password),
  ...(values['inbox-prefix'] && { inboxPrefix: values['inbox-prefix'] }),
})
const { data, headers } = await nats.request(subject, payload, { timeout: 10_000 })
process.stdout.write(`${new TextDecoder().decode(data)}\n`)
await nats.close()
process.exit(headers?.has('Nats-Service-Error-Code') ? 1 : 0)
