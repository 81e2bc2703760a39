import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const compose = parse(readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'))

it('the compose file brings up NATS with our roles, a Redis that forgets nothing, and two nodes', () => {
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

describe('NATS reads its configuration with a password', () => {
  const [, , command] = compose.services.nats.entrypoint as [string, string, string]
  const conf = fileURLToPath(new URL('../../nats.conf', import.meta.url))

  it.each(['9e93ef42', '1234', 'a1b2'])('such as %s', (password) => {
    const secrets = mkdtempSync(join(tmpdir(), 'tokenbus-secrets-'))
    for (const role of ['service', 'consumer', 'operator'])
      writeFileSync(join(secrets, `${role}-password`), `${password}\n`)
    const script = command
      .replaceAll('$$', '$')
      .replaceAll('/run/secrets', secrets)
      .replace('/etc/nats/nats.conf', conf)
    const PATH = `${process.env.PATH}:/usr/sbin`
    const { stderr } = spawnSync('sh', ['-c', `${script.trimEnd()} -t`], { encoding: 'utf8', env: { PATH } })
    rmSync(secrets, { recursive: true })
    expect(stderr).toMatch(/configuration file .* is valid/)
  })
})
