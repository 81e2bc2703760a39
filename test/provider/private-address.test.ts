import { describe, expect, test } from 'vitest'
import { checkEndpoint } from '../../src/provider/check-endpoint.ts'
import { isPrivateAddress } from '../../src/provider/private-address.ts'
import { ask, refusalOf } from './ask.ts'
import { startRawServer } from './raw-server.ts'

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::1',
    '168.63.129.16',
    '192.0.2.1',
    '192.88.99.1',
    '198.51.100.1',
    '203.0.113.1',
    '255.255.255.255',
    '::ffff:168.63.129.16',
    '::ffff:c0a8:1',
    '::ffff:0:8.8.8.8',
    '::7f00:1',
    '::8.8.8.8',
    '64:ff9b:1::808:808',
    '64:ff9b::a83f:8110',
    '100::1',
    '100:0:0:1::1',
    '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fec0::1',
    'ff02::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
  ])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true))

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '168.63.129.17',
    '192.31.196.1',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '2001:db9::1',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
  ])('%s is public', (address) => expect(isPrivateAddress(address)).toBe(false))
})

describe('endpoints of an app', () => {
  test.each([
    'http://8.8.8.8/token',
    'https://127.0.0.1/token',
    'https://2130706433/token',
    'https://0x7f.1/token',
    'https://[::1]/token',
    'https://[::ffff:127.0.0.1]/token',
    'https://169.254.169.254/latest',
    'https://localhost/token',
    'https://metadata.google.internal/computeMetadata/v1/',
    'https://METADATA.google.internal./',
    'https://metadata.goog/',
    'https://metadata/',
    'https://instance-data.ec2.internal/latest/',
    'https://metadata.azure.com/',
    'https://kubernetes.default.svc/',
    'https://vault.svc.cluster.local/',
    'https://[64:ff9b:1::a9fe:a9fe]/',
    'https://[::a9fe:a9fe]/',
    'https://168.63.129.16/',
    'https://user:pw@8.8.8.8/',
    'ftp://8.8.8.8/',
    'javascript:alert(1)',
    'nothing',
  ])('%s is refused', async (url) => {
    expect(await checkEndpoint(url, { allowPrivate: false })).toMatchObject({
      ok: false,
      failure: { error: 'invalid_config' },
    })
  })

  test('public addresses are accepted, and names that cannot be resolved yet', async () => {
    expect(await checkEndpoint('https://8.8.8.8/token', { allowPrivate: false })).toMatchObject({ ok: true })
    expect(await checkEndpoint('https://tokenbus.invalid/', { allowPrivate: false })).toMatchObject({
      ok: true,
    })
  })

  test('names that only begin like private ones are accepted', async () => {
    for (const host of ['metadata.tokenbus.invalid', 'localhost.tokenbus.invalid', 'internal.invalid'])
      expect(await checkEndpoint(`https://${host}/`, { allowPrivate: false })).toMatchObject({ ok: true })
  })

  test('with private endpoints permitted, loopback and http are accepted, other schemes are not', async () => {
    expect(await checkEndpoint('http://127.0.0.1:1/', { allowPrivate: true })).toMatchObject({ ok: true })
    const metadata = 'http://metadata.google.internal/'
    expect(await checkEndpoint(metadata, { allowPrivate: true })).toMatchObject({ ok: true })
    expect(await checkEndpoint('file:///etc/passwd', { allowPrivate: true })).toMatchObject({ ok: false })
  })
})

describe('when connecting', () => {
  test.each([
    'https://127.0.0.1:',
    'https://[::ffff:127.0.0.1]:',
    'https://localhost:',
    'https://any.localhost:',
  ])('no connection is made to %s', async (origin) => {
    await using server = await startRawServer(() => {})
    const url = `${origin}${new URL(server.url).port}/token`
    expect(await refusalOf(ask(url, { allowPrivate: false }))).toMatchObject({
      class: 'C',
      reason: 'endpoint_not_allowed',
      sent: false,
      inDoubt: false,
    })
    expect(server.connections()).toBe(0)
  })

  test('private names are not resolved', async () => {
    const url = 'https://metadata.google.internal/token'
    expect(await refusalOf(ask(url, { allowPrivate: false }))).toMatchObject({
      reason: 'endpoint_not_allowed',
      sent: false,
    })
  })

  test('http is refused', async () => {
    await using server = await startRawServer(() => {})
    expect(await refusalOf(ask(server.url, { allowPrivate: false }))).toMatchObject({
      class: 'C',
      sent: false,
    })
    expect(server.connections()).toBe(0)
  })
})
