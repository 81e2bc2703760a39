import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { version } from '../../src/common/version.ts'
import { readConfig } from '../../src/node/config.ts'

describe('the environment', () => {
  it('has these defaults', () => {
    expect(readConfig({}, 'dev')).toEqual({
      mode: 'dev',
      audit: { to: 'stderr' },
      natsUrl: undefined,
      natsCreds: undefined,
      redisUrl: undefined,
      keys: undefined,
      replyPrefixes: [],
      callerRate: 20_000,
      http: { host: '127.0.0.1', port: 7070 },
      publicUrl: undefined,
      redirectOrigins: [],
      trustedProxies: [],
      proxies: { noProxy: [] },
      enableTokenApi: true,
      dataDir: '.tokenbus',
      partitions: 64,
      allowPrivateEndpoints: true,
      streamReplicas: undefined,
      leaveAfter: 0,
      cacheMb: 128,
      checkReplies: false,
      logLevel: 'info',
    })
  })

  it('in production requires the URLs and keys, and forbids private addresses', () => {
    expect(() => readConfig({}, 'serve')).toThrow(
      'tokenbus serve needs TOKENBUS_NATS_URL, TOKENBUS_REDIS_URL, TOKENBUS_KEYS; set them.',
    )
    const env = { TOKENBUS_NATS_URL: 'nats://a', TOKENBUS_REDIS_URL: 'redis://b', TOKENBUS_KEYS: 'k:v' }
    expect(readConfig(env, 'serve')).toMatchObject({
      natsUrl: 'nats://a',
      redisUrl: 'redis://b',
      keys: 'k:v',
      allowPrivateEndpoints: false,
      enableTokenApi: undefined,
      leaveAfter: 3_000,
    })
    expect(() => readConfig({ ...env, TOKENBUS_KEYS: '' }, 'serve')).toThrow(
      'tokenbus serve needs TOKENBUS_KEYS; set them.',
    )
  })

  it.each(['dev', 'serve'] as const)('enables tokens over HTTP in %s as configured', (mode) => {
    const env = { TOKENBUS_NATS_URL: 'nats://a', TOKENBUS_REDIS_URL: 'redis://b', TOKENBUS_KEYS: 'k:v' }
    for (const [text, enableTokenApi] of [
      ['true', true],
      ['false', false],
    ] as const)
      expect(readConfig({ ...env, TOKENBUS_ENABLE_TOKEN_API: text }, mode)).toMatchObject({ enableTokenApi })
  })

  it('accepts only reply prefixes that are no subjects of ours', () => {
    const read = (text: string) => readConfig({ TOKENBUS_REPLY_PREFIXES: text }, 'dev').replyPrefixes
    expect(read('inbox., apply, application.replies.to_')).toEqual([
      'inbox.',
      'apply',
      'application.replies.to_',
    ])
    for (const [text, rule] of [
      ['inbox,,x', 'must be the beginnings of subjects, without wildcards'],
      ['in box', 'must be the beginnings of subjects, without wildcards'],
      ['inbox.>', 'must be the beginnings of subjects, without wildcards'],
      ['*.inbox', 'must be the beginnings of subjects, without wildcards'],
      ['.inbox', 'must be the beginnings of subjects, without wildcards'],
      ['$JS.API', 'must not begin with .'],
      ...[
        'token',
        'tok',
        't',
        'token.replies',
        'account.transition.',
        'app',
        'ap',
        'app.mine',
        'keys.',
        'api-token',
      ].map((text) => [text, 'must not reach subjects of requests or events']),
      ['tokenbus.changed', 'must not reach subjects of requests or events'],
    ] as [string, string][])
      expect(() => read(text), text).toThrow(new RegExp(`^TOKENBUS_REPLY_PREFIXES[.0-9]*: ${rule}\\.$`))
  })

  it('may name files that contain URLs with passwords', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tokenbus-config-')), 'url')
    writeFileSync(path, 'nats://service:secret@nats:4222\n')
    const read = (url: string) => readConfig({ TOKENBUS_NATS_URL: url, TOKENBUS_REDIS_URL: url }, 'dev')
    expect(read(`file:${path}`)).toMatchObject({
      natsUrl: 'nats://service:secret@nats:4222',
      redisUrl: 'nats://service:secret@nats:4222',
    })
    writeFileSync(path, '\n')
    expect(() => read(`file:${path}`)).toThrow('TOKENBUS_NATS_URL: must not be empty.')
    rmSync(dirname(path), { recursive: true })
    expect(() => read(`file:${path}`)).toThrow(
      `TOKENBUS_NATS_URL: names the file ${path}, which cannot be read.`,
    )
  })

  it.each([
    ['TOKENBUS_HTTP_PORT', '70000'],
    ['TOKENBUS_HTTP_PORT', 'http'],
    ['TOKENBUS_PARTITIONS', '0'],
    ['TOKENBUS_STREAM_REPLICAS', '9'],
    ['TOKENBUS_ENABLE_TOKEN_API', 'yes'],
    ['TOKENBUS_ALLOW_PRIVATE_ENDPOINTS', '1'],
    ['TOKENBUS_LOG_LEVEL', 'loud'],
    ['TOKENBUS_PUBLIC_URL', 'not a url'],
    ['TOKENBUS_PUBLIC_URL', 'ftp://tokens.example.com'],
    ['TOKENBUS_PUBLIC_URL', 'https://tokens.example.com/?a=b'],
    ['TOKENBUS_PUBLIC_URL', 'https://tokens.example.com/a;b'],
    ['TOKENBUS_PUBLIC_URL', 'https://tokens.example.com/v1'],
    ['TOKENBUS_TRUSTED_PROXIES', '10.0.0.0/8, the proxy'],
  ])('names %s if its value is invalid (%s)', (name, value) =>
    expect(() => readConfig({ [name]: value }, 'dev')).toThrow(name),
  )
})

it('the version announced on NATS is that of the package', () => expect(version).toBe(manifest.version))
