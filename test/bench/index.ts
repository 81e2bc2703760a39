import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNats } from '../support/nats.ts'
import { startRedis } from '../support/redis.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'
import { killChildren } from './child.ts'
import { benchClient } from './client.ts'
import type { Bench } from './finding.ts'
import { benchHttp } from './http.ts'
import { benchReads } from './reads.ts'
import { benchRefreshes } from './refreshes.ts'

const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-bench-'))
const nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
const redis = await startRedis({ args: ['--appendfsync', 'always'] })
try {
  const node = startTokenbus(['serve'], {
    TOKENBUS_NATS_URL: nats.url,
    TOKENBUS_REDIS_URL: redis.url,
    TOKENBUS_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    TOKENBUS_HTTP_PORT: '0',
    TOKENBUS_ENABLE_TOKEN_API: 'true',
    // Every request finds its bucket, and none of them finds it empty.
    TOKENBUS_CALLER_RATE: '10000000',
    TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
    TOKENBUS_DATA_DIR: dataDir,
    TOKENBUS_CHECK_REPLIES: 'false',
  })
  await node.says('tokenbus ready')
  const bench: Bench = { natsUrl: nats.url, redisUrl: redis.url, httpUrl: node.httpUrl() }
  const findings = [
    ...(await benchReads(bench)),
    ...(await benchClient(bench)),
    ...(await benchHttp(bench)),
    ...(await benchRefreshes(bench)),
  ]
  const rows = findings.map(({ what, perSecond, floor, floorPerSecond }) => [
    what,
    Math.round(perSecond).toLocaleString('en'),
    floor,
    Math.round(floorPerSecond).toLocaleString('en'),
    (perSecond / floorPerSecond).toFixed(2),
  ])
  const head = ['measured', 'per second', 'floor', 'per second', 'ratio']
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  for (const row of [head, ...rows]) {
    process.stdout.write(`${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}\n`)
  }
  process.stdout.write(
    `\nNode ${process.version}, ${cpus().length} cores; medians of rounds taken in turns.\n`,
  )
  await node.stop()
} finally {
  killChildren()
  await redis.stop()
  await nats.stop()
  await rm(dataDir, { recursive: true, force: true })
}
