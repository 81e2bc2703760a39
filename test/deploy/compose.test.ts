import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { eventually } from '../support/eventually.ts'

const compose = parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'))

it('the compose file has NATS with the roles, an append-only Redis, and two nodes', () => {
  const { nats, redis, tokenbus } = compose.services
  expect(nats.volumes).toContain('./nats.conf:/etc/nats/nats.conf:ro')
  expect(redis.entrypoint.join(' ')).toMatch(
    /--appendonly yes --appendfsync always --maxmemory-policy noeviction/,
  )
  expect(tokenbus).toMatchObject({ deploy: { replicas: 2 }, stop_grace_period: '90s', read_only: true })
})

it('every secret and volume it uses is declared', () => {
  for (const { secrets = [], volumes = [] } of Object.values<{ secrets?: string[]; volumes?: string[] }>(
    compose.services,
  )) {
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets))
    const named = volumes
      .map((volume) => volume.split(':')[0] as string)
      .filter((name) => !name.startsWith('.'))
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named))
  }
})

it('NATS is published on loopback by default, and Redis is reachable by the nodes only', () => {
  const ports = Object.entries<{ ports?: string[] }>(compose.services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => [name, port]),
  )
  expect(ports).toEqual([
    ['nats', expect.stringMatching(/^\$\{TOKENBUS_BIND_ADDRESS:-127\.0\.0\.1\}:4222:4222$/)],
  ])
})

it('every image has a full version', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
  const images = [
    ...Object.values<{ image?: string }>(compose.services).flatMap(({ image = [] }) => image),
    ...[...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image),
  ]
  expect(images).toHaveLength(4)
  for (const image of images)
    expect(image).toMatch(/^[a-z]+:\d+\.\d+\.\d+-alpine\d+\.\d+(@sha256:[0-9a-f]{64})?$/)
})

it('Redis requires a password that is on no command line', async () => {
  const secrets = mkdtempSync(join(tmpdir(), 'tokenbus-secrets-'))
  const password = 'deadbeef1234'
  writeFileSync(join(secrets, 'redis-password'), `${password}\n`)
  const { entrypoint, healthcheck } = compose.services.redis
  const onThisMachine = (script: string) =>
    script.replaceAll('$$', '$').replaceAll('/run/secrets', secrets).trimEnd()
  const socket = join(secrets, 'redis.sock')
  const script = onThisMachine(entrypoint[2]).replace(
    'redis-server ',
    `redis-server --port 0 --unixsocket ${socket} --dir ${secrets} `,
  )
  const server = spawn('sh', ['-c', script])
  try {
    const check = onThisMachine(healthcheck.test[1]).replace('redis-cli ', `redis-cli -s ${socket} `)
    await eventually(() => expect(spawnSync('sh', ['-c', check]).status).toBe(0))
    const withoutPassword = spawnSync('redis-cli', ['-s', socket, 'ping'], { encoding: 'utf8' })
    expect(withoutPassword.stdout).toMatch(/^NOAUTH/)
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).toMatch(/^redis-server/)
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(password)
    expect(check).not.toMatch(/redis-cli[^|]* -a /)
  } finally {
    server.kill('SIGKILL')
    rmSync(secrets, { recursive: true, force: true })
  }
})

describe('NATS accepts its configuration with a password', () => {
  const [, , command] = compose.services.nats.entrypoint as [string, string, string]
  const conf = fileURLToPath(new URL('../../nats.conf', import.meta.url))

  it.each(['9e93ef42', '1234', 'a1b2'])('such as %s', (password) => {
    const secrets = mkdtempSync(join(tmpdir(), 'tokenbus-secrets-'))
    for (const role of ['service', 'consumer', 'operator'])
      writeFileSync(join(secrets, `${role}-password`), `${password}\n`)
    const script = command
      .replaceAll('$$', '$')
      .replaceAll('/run/secrets', secrets)
      .replaceAll('../etc/nats/nats.conf', relative(secrets, conf))
      .replaceAll('/tmp/main.conf', join(secrets, 'main.conf'))
    const PATH = `${process.env.PATH}:/usr/sbin`
    const { stderr } = spawnSync('sh', ['-c', `${script.trimEnd()} -t`], { encoding: 'utf8', env: { PATH } })
    rmSync(secrets, { recursive: true })
    expect(stderr).toMatch(/configuration file .* is valid/)
  })
})
