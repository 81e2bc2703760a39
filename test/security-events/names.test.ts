import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Receiver, soon, startReceiver } from './receiver.ts'
import { oauthEvent } from './transmitter.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver[Symbol.asyncDispose]())

const revokedOf = (subject: object) => ({ [oauthEvent('tokens-revoked')]: { subject } })
const issSub = (sub: string) => ({ subject_type: 'iss-sub', iss: `${receiver.transmitter.issuer}/`, sub })

describe('a revocation', () => {
  const sha512 = (data: string | Buffer) => createHash('sha512').update(data).digest()
  it.each<[string, (account: string) => object]>([
    [
      'iss_sub',
      (account) => ({
        sub_id: { format: 'iss_sub', iss: receiver.transmitter.issuer, sub: `sub-${account}` },
      }),
    ],
    [
      'email, case-insensitively',
      (account) => ({ sub_id: { format: 'email', email: `${account}@Example.com` } }),
    ],
    ['account', (account) => ({ sub_id: { format: 'account', uri: `acct:${account}@example.com` } })],
    ['opaque', (account) => ({ sub_id: { format: 'opaque', id: `sub-${account}` } })],
    [
      'aliases',
      (account) => ({
        sub_id: {
          format: 'aliases',
          identifiers: [{ email: 'nobody@example.com' }, { id: `sub-${account}` }],
        },
      }),
    ],
    [
      'a complex subject',
      (account) => ({
        sub_id: {
          format: 'complex',
          session: { id: 'x' },
          user: { format: 'email', email: `${account}@example.com` },
        },
      }),
    ],
  ])('finds its account by %s', async (format, claims) => {
    const account = format.replace(/\W/g, '-')
    await receiver.connect(account, { subject: `sub-${account}` })
    const { claims: times } = soon()
    await receiver.tell({ [oauthEvent('tokens-revoked')]: {} }, { claims: { ...times, ...claims(account) } })
    expect(await receiver.stateOf(account)).toBe('revoked')
  })

  it.each<[string, (token: string) => string]>([
    ['its first characters', (token) => token.slice(0, 16)],
    ['its hash', (token) => sha512(sha512(token)).toString('base64')],
  ])('of one refresh token finds the account by %s', async (how, identify) => {
    const account = how.replace(/\W/g, '-')
    const token = `1//0-${account.slice(-11)}-and-much-more`
    await receiver.connect(account, { token })
    await receiver.connect(`not-${account}`)
    const subject = { subject_type: 'oauth_token', token_type: 'refresh_token', token: identify(token) }
    await receiver.tell({ [oauthEvent('token-revoked')]: { subject } }, soon())
    expect([await receiver.stateOf(account), await receiver.stateOf(`not-${account}`)]).toEqual([
      'revoked',
      'valid',
    ])
  })

  it('reaches all accounts of that user with this app, and no others', async () => {
    const user = 'shared@example.com'
    await receiver.connect('one', { user })
    await receiver.connect('two', { user })
    await receiver.connect('elsewhere', { user, app: 'other' })
    await receiver.connect('stranger', { user: 'shared@example.co' })
    await receiver.connect('moved', { user })
    await receiver.connect('moved', { user: 'moved@example.com' })
    await receiver.tell(revokedOf({ format: 'email', email: user }), soon())
    const accounts = ['one', 'two', 'elsewhere', 'stranger', 'moved']
    expect(await Promise.all(accounts.map(receiver.stateOf))).toEqual([
      'revoked',
      'revoked',
      'valid',
      'valid',
      'valid',
    ])
  })

  it('does not affect a newer grant, nor a sub of another issuer', async () => {
    await receiver.connect('returned', { subject: 'sub-returned' })
    await receiver.tell(revokedOf(issSub('sub-returned')), {
      claims: { iat: Math.floor(Date.now() / 1_000) - 60 },
    })
    await receiver.tell(revokedOf({ iss: 'https://elsewhere.example.com', sub: 'sub-returned' }), soon())
    expect(await receiver.stateOf('returned')).toBe('valid')
  })
})
