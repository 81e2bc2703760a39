import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
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
