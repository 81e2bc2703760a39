import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { type CountingProvider, startCountingProvider } from '../support/counting-provider.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

export interface MoveOptions {
  readonly accounts: number
  /** Every so manyeth row of the first file is bad. */
  readonly badEvery: number
  say?(line: string): void
}

export interface Ran {
  readonly code: number | null
  readonly output: string
  readonly seconds: number
  /** The most memory it held, in MB. */
  readonly megabytes: number
  // biome-ignore lint/suspicious/noExplicitAny: lines of JSON, as they came.
  readonly lines: readonly any[]
}

export interface Moved {
  readonly whileRunning: Ran
  readonly steps: Readonly<Record<'dry' | 'imported' | 'exported' | 'dryThere' | 'importedThere', Ran>>
  /** What the old and the new cluster know of each account, but for what counts saves. */
  readonly before: Readonly<Record<string, unknown>>
  readonly after: Readonly<Record<string, unknown>>
  /** Accounts whose token was asked for, and refreshed, in the new cluster. */
  readonly refreshed: number
  /** Grants that the strict provider ended. */
  readonly lost: number
  /** Tokens and secrets found where none may be: outputs, and the sealed file. */
  readonly leaks: readonly string[]
}

const clientSecret = 'the-client-secret'
const keys = () => `test:${randomBytes(32).toString('base64')}`
const idOf = (index: number) => `mover-${index}@example.com`

/**
 * Accounts are imported from a file, refreshed by a provider that forgives no second use of a refresh token, exported, and
 * imported by another cluster, with a Redis and a NATS of its own.
 */
export async function move({ accounts, badEvery, say = () => undefined }: MoveOptions): Promise<Moved> {
  await using provider = await startCountingProvider()
  provider.secrets.add(clientSecret)
  await using there = await startNodes({ appendfsync: 'everysec' })
  await using here = await startNodes({ appendfsync: 'everysec' })
  const directory = await mkdtemp(join(tmpdir(), 'tokenbus-moving-'))
  const at = (name: string) => join(directory, name)
  try {
    const { publicKey, privateKey } = generateKeyPairSync('x25519')
    await writeFile(at('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
    await writeFile(at('private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const [ours, theirs] = [envOf(here, keys()), envOf(there, keys())]
    const node = await here.startNode(ours)
    await putApp(here, provider)

    await writeFile(at('rows.jsonl'), rowsFor(provider, { accounts, badEvery }))
    const dry = await run(['import', 'jsonl', at('rows.jsonl')], ours)
    const imported = await run(['import', 'jsonl', at('rows.jsonl'), '--apply'], ours)
    say(`imported: ${imported.lines.at(-1) && JSON.stringify(imported.lines.at(-1).summary)}`)
    // Each grant is rotated once, so that only what tokenbus stored is still good.
    await forceRefresh(here, Object.keys(await listed(here)))
    const exporting = ['export', at('export'), '--recipient', at('public.pem'), '--with-app-secrets']
    const whileRunning = await run(exporting, ours)
    await node.stop()
    const exported = await run(exporting, ours)

    // The old cluster is looked at once more, and stopped again before the new one begins.
    await there.startNode(theirs)
    const importing = ['import', 'tokenbus', at('export'), '--identity', at('private.pem')]
    const dryThere = await run(importing, theirs)
    const importedThere = await run([...importing, '--apply'], theirs)
    const after = await listed(there)
    const refreshed = await forceRefresh(there, Object.keys(after))
    const before = await viewsOf(here, ours)

    const steps = { dry, imported, exported, dryThere, importedThere }
    const texts = [...Object.values(steps), whileRunning].map(({ output }) => output)
    const leaks = [...texts, await readFile(at('export'), 'utf8')].flatMap((text) => leaksIn(text))
    return { whileRunning, steps, before, after, refreshed, lost: provider.ended.size, leaks }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function leaksIn(text: string): string[] {
  return text.match(/(?:rt|at)\/mover-\d+|the-client-secret/g) ?? []
}

function envOf({ natsServer, redisServer }: Nodes, secrets: string): Record<string, string> {
  return {
    TOKENBUS_NATS_URL: natsServer.url,
    TOKENBUS_REDIS_URL: redisServer.url,
    TOKENBUS_KEYS: secrets,
    TOKENBUS_LOG_LEVEL: 'info',
  }
}

function putApp({ request }: Nodes, { tokenUrl }: CountingProvider) {
  return request('app.put.app', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret,
    tokenUrl,
    rotation: 'strict',
    scopes: ['mail'],
  })
}

function rowsFor(
  provider: CountingProvider,
  { accounts, badEvery }: Pick<MoveOptions, 'accounts' | 'badEvery'>,
): string {
  const wrong = [
    { app: 'nowhere' },
    { refreshToken: undefined },
    { expires: 'tomorrow' },
    { metadata: 'none' },
    { account: '' },
  ]
  const rows = Array.from({ length: accounts }, (_, index) => {
    const account = idOf(index)
    const bad = index % badEvery === badEvery - 1
    const change = bad ? wrong[Math.floor(index / badEvery) % wrong.length] : {}
    const refreshToken = provider.grant(account)
    const user = `user-${index}@example.com`
    const facts = {
      subject: `sub-${index}`,
      policy: 'lazy',
      scopes: ['mail', `s-${index % 7}`],
      metadata: { index },
    }
    return JSON.stringify({ account, app: 'app', user, refreshToken, ...facts, ...change })
  })
  return rows.join('\n')
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const begun = performance.now()
  const child = startTokenbus(['--json', ...args], env)
  let most = 0
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, 200)
  const code = await child.ended
  clearInterval(timer)
  const output = child.output()
  const lines = output.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  const seconds = (performance.now() - begun) / 1_000
  return { code, output, seconds, megabytes: Math.round(most / 1024), lines }
}

/** Each account, but for what counts saves and times of this cluster alone. */
async function listed({ request }: Nodes): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  let cursor: string | undefined
  do {
    const page = await request('account.list', { limit: 500, ...(cursor && { cursor }) })
    for (const account of page.accounts) {
      const { user, subject, app, expires, registeredScopes, policy, metadata, reason } = account
      found[account.account] = { user, subject, app, expires, registeredScopes, policy, metadata, reason }
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** Starts a node only to ask what it knows: `lazy` accounts are not refreshed by that. */
async function viewsOf(nodes: Nodes, env: Record<string, string>): Promise<Record<string, unknown>> {
  const node = await nodes.startNode(env)
  const found = await listed(nodes)
  await node.stop()
  return found
}

async function forceRefresh({ request }: Nodes, ids: readonly string[]): Promise<number> {
  const limit = pLimit(20)
  const answers = await Promise.all(
    ids.map((id) => limit(() => request(`token.get.${id.replaceAll('.', '%2E')}`, { forceRefresh: true }))),
  )
  return answers.filter(({ accessToken }) => accessToken !== undefined).length
}
