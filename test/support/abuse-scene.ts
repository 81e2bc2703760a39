import { readFile } from 'node:fs/promises'
import { connect, type JetStreamManager, type NatsConnection } from 'nats'
import { consumerAccount } from '../../src/cli/consumer-account.ts'
import { jetStreamCode, streamNotFound } from '../../src/events/jetstream-error.ts'
import { type LiveTokenbus, startLiveTokenbus } from './live-tokenbus.ts'
import { startNats } from './nats.ts'
import { env, type Variant } from './shipped-nats.ts'

/** The messages received on `>` in one NATS account. */
export interface Witness {
  readonly account: string
  readonly heard: { subject: string; reply: string; text: string }[]
}

export interface AbuseScene extends AsyncDisposable {
  readonly tokenbus: LiveTokenbus
  readonly manager: JetStreamManager
  readonly witnesses: readonly Witness[]
  /** What the scene itself asks is answered here. */
  readonly ownInbox: string
  /** Resolves once the service and JetStream have dealt with what was sent to them until now. */
  settle(): Promise<void>
  /** Everything that must not change. */
  state(): Promise<State>
  /** Puts so many events into their stream. */
  refill(events: number): Promise<void>
  as(user: string): Promise<NatsConnection>
}

export interface State {
  /** A stream's creation time, first and last sequence, and size; undefined once it is deleted. */
  readonly streams: Readonly<Record<string, StreamState | undefined>>
  /** Accounts, apps and API tokens, as their requests answer. */
  readonly records: string
}
export interface StreamState {
  readonly created: string
  readonly first: number
  readonly last: number
  readonly messages: number
  readonly bytes: number
}

const ownInbox = '_INBOX_TOKENBUS'
export const streamNames = ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY'] as const
export const tokenOf = (account: string) => `the access token of ${account}`

/** A party that may ask for other accounts than the consumer is after. */
const neighbour = consumerAccount({ name: 'neighbour', accounts: ['bob'] }).join('\n')
const witness = (name: string) => `{ user: "${name}", password: "p" }`

/** The shipped configuration, plus a user in each NATS account who subscribes to everything. */
async function withWitnesses({ name, config }: Variant): Promise<string> {
  const conf = await readFile(config, 'utf8')
  if (name === 'single-account.conf') return conf.replace('  users: [\n', `$&    ${witness('TOKENBUS')}\n`)
  return conf
    .replace('jetstream: enabled\n    users: [\n', `$&      ${witness('TOKENBUS')}\n`)
    .replace('  CONSUMER {\n    users: [\n', `$&      ${witness('CONSUMER')}\n`)
    .replace(/^accounts \{\n/m, () => {
      const block = neighbour.replace('  users: [\n', (line) => `${line}    ${witness('NEIGHBOUR')}\n`)
      return `accounts {\n${block}\n`
    })
}

/**
 * The whole service on a shipped configuration, with two accounts, their tokens, and subscribers in every NATS account.
 */
export async function startAbuseScene(variant: Variant): Promise<AbuseScene> {
  const server = await startNats({
    configText: await withWitnesses(variant),
    env: { ...env, NATS_NEIGHBOUR_PASSWORD: 'p' },
  })
  const open: NatsConnection[] = []
  const as = async (user: string) => {
    const nats = await connect({ port: server.port, user, pass: 'p', inboxPrefix: `_INBOX_${user}` })
    open.push(nats)
    return nats
  }
  const tokenbus = await startLiveTokenbus({
    server,
    serviceUrl: `nats://service:p@127.0.0.1:${server.port}`,
    observer: { port: server.port, user: 'TOKENBUS', pass: 'p', inboxPrefix: ownInbox },
  })
  await putAccounts(tokenbus)
  const names = variant.name === 'nats.conf' ? ['TOKENBUS', 'CONSUMER', 'NEIGHBOUR'] : ['TOKENBUS']
  const witnesses = await Promise.all(names.map(async (account) => listenTo(account, await as(account))))
  const inside = await as('TOKENBUS')
  const manager = await inside.jetstreamManager()
  const lookUp = ['account.get.alice', 'account.get.bob', 'app.list', 'api-token.list']

  return {
    tokenbus,
    manager,
    witnesses,
    ownInbox,
    as,
    async settle() {
      // Waits until earlier messages have been processed by the service and JetStream, and then by those they trigger.
      for (let turn = 0; turn < 2; turn++) {
        await manager.getAccountInfo()
        await tokenbus.request('account.get.alice')
      }
      await Promise.all(open.map((nats) => nats.flush()))
    },
    async state() {
      const answers = await Promise.all(lookUp.map((subject) => tokenbus.request(subject)))
      const streams = await Promise.all(
        streamNames.map(async (name) => [name, await streamState(manager, name)]),
      )
      return { streams: Object.fromEntries(streams), records: JSON.stringify(answers) }
    },
    async refill(events) {
      const filler = Array.from({ length: events }, (_, n) =>
        inside.jetstream().publish('token.refreshed.filler', JSON.stringify({ n })),
      )
      await Promise.all(filler)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((nats) => nats.close()))
      await tokenbus[Symbol.asyncDispose]()
    },
  }
}

async function streamState(manager: JetStreamManager, name: string): Promise<StreamState | undefined> {
  try {
    const { created, state } = await manager.streams.info(name)
    const { first_seq: first, last_seq: last, messages, bytes } = state
    return { created, first, last, messages, bytes }
  } catch (error) {
    if (jetStreamCode(error) === streamNotFound) return undefined
    throw error
  }
}

async function putAccounts(tokenbus: LiveTokenbus): Promise<void> {
  const app = {
    provider: 'oidc',
    clientId: 'id',
    clientSecret: 'secret',
    tokenUrl: 'http://127.0.0.1:1/token',
  }
  for (const name of ['app', 'spare']) await tokenbus.request(`app.put.${name}`, app)
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  for (const user of ['alice', 'bob']) {
    const grant = { accessToken: tokenOf(user), refreshToken: `refresh token of ${user}`, expires }
    await tokenbus.request(`account.put.${user}`, { app: 'app', user, policy: 'lazy', ...grant })
    await tokenbus.heard('token.refreshed', user)
  }
}

async function listenTo(account: string, nats: NatsConnection): Promise<Witness> {
  const heard: Witness['heard'] = []
  nats.subscribe('>', {
    callback: (_, message) => {
      heard.push({ subject: message.subject, reply: message.reply ?? '', text: message.string() })
    },
  })
  await nats.flush()
  return { account, heard }
}
