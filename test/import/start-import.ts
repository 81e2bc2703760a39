import { connectNats } from '../../src/bus/connect.ts'
import { listen } from '../../src/bus/listen.ts'
import { runCommand } from '../../src/cli/program.ts'
import { startNats } from '../support/nats.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { startRedis } from '../support/redis.ts'

export interface Importing extends AsyncDisposable {
  readonly node: TestNode
  /** One command line. `rows` are its lines as JSON, the summary last. */
  run(
    args: readonly string[],
    stdin?: string,
  ): Promise<{ code: number; err: string; rows: Row[]; failures: Row[]; summary: unknown }>
}

export interface Row {
  readonly kind: string
  readonly id: string
  readonly line?: number
  readonly outcome: string
  readonly reason?: string
}

/** A node on the bus, and the command line that imports into it. Time stands still: nothing is refreshed. */
export async function startImporting(): Promise<Importing> {
  const nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redis = await startRedis()
  const refreshToken = () => Promise.reject(new Error('nothing is refreshed here'))
  const node = await startTestNode({ natsUrl: nats.url, redisUrl: redis.url, refreshToken, waker: false })
  const bus = await connectNats({ url: nats.url, name: 'test' })
  const listening = await listen({ nats: bus, tokenbus: node.tokenbus, version: '1.2.3' })
  return {
    node,
    async run(args, stdin = '') {
      const out: string[] = []
      const err: string[] = []
      const code = await runCommand(['--json', 'import', ...args], {
        terminal: {
          out: (line) => out.push(line),
          err: (line) => err.push(line),
          colour: false,
          env: { TOKENBUS_NATS_URL: nats.url },
          stdin: async () => stdin,
          interrupted: Promise.resolve(),
        },
        live: async () => 0,
      })
      const lines = out.map((line) => JSON.parse(line))
      const last = lines.pop()
      return { code, err: err.join('\n'), rows: lines, failures: last?.failures, summary: last?.summary }
    },
    async [Symbol.asyncDispose]() {
      await listening.stop()
      await bus.close()
      await node[Symbol.asyncDispose]()
      await redis.stop()
      await nats.stop()
    },
  }
}
