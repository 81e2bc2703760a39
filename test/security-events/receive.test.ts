import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { answered, refused } from '../support/scripted-provider.ts'
import { type Receiver, soon, startReceiver } from './receiver.ts'
import { caepEvent, oauthEvent, riscEvent } from './transmitter.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver[Symbol.asyncDispose]())

const revokedOf = (subject: object) => ({ [oauthEvent('tokens-revoked')]: { subject } })
const issSub = (sub: string) => ({ subject_type: 'iss-sub', iss: `${receiver.transmitter.issuer}/`, sub })

describe('a revocation reported by the provider', () => {
  it('publishes token.invalid within a second, and ends serving', async () => {
    for (const account of ['alice', 'bob', 'carol', 'dave', 'eve']) {
      await receiver.connect(account, { subject: `sub-${account}` })
      const text = await receiver.transmitter.sign(revokedOf(issSub(`sub-${account}`)), soon())
      expect(await receiver.push('mail', text)).toMatchObject({ status: 202, body: null })
      const told = await eventually(() => {
        const found = receiver.invalid.find((each) => each.account === account)
        if (found === undefined) throw new Error('not heard yet')
        return found
      })
      expect(told).toMatchObject({ app: 'mail', state: 'revoked', previousState: 'valid', class: 'A' })
      expect(told).toMatchObject({ reason: 'grant_revoked', reported: true, recoverable: false })
      expect(await receiver.tokenbus.getToken(account, {})).toMatchObject({
        failure: { error: 'grant_revoked' },
      })
    }
  })
})

describe('an account that is disabled', () => {
  it('is parked once, and probed at once when it is enabled again', async () => {
    await receiver.connect('disabled')
    const subject = { format: 'email', email: 'disabled@example.com' }
    const disabling = await receiver.transmitter.sign(
      { [riscEvent('account-disabled')]: { subject } },
      soon(),
    )
    await receiver.push('mail', disabling)
    expect(await receiver.tokenbus.getAccount('disabled')).toMatchObject({
      value: { state: 'revoked', class: 'S', reason: 'user_disabled', recoverable: true },
    })
    const before = receiver.provider.requests.length
    await receiver.tell({ [riscEvent('account-enabled')]: { subject } }, soon())
    await receiver.provider.asked(before + 1)
    receiver.provider.answer(answered({ accessToken: 'again', expiresIn: 3600 }))
    await eventually(async () => expect(await receiver.stateOf('disabled')).toBe('valid'))
    expect(await receiver.push('mail', disabling)).toMatchObject({ status: 202 })
    expect(await receiver.stateOf('disabled')).toBe('valid')
  })
  it('because of hijacking is dead', async () => {
    await receiver.connect('hijacked')
    const subject = { format: 'email', email: 'hijacked@example.com' }
    await receiver.tell({ [riscEvent('account-disabled')]: { subject, reason: 'hijacking' } }, soon())
    expect(await receiver.tokenbus.getAccount('hijacked')).toMatchObject({
      value: { class: 'A', reason: 'account_hijacked' },
    })
  })
})

describe('an event that may have ended a grant', () => {
  it.each([
    riscEvent('sessions-revoked'),
    riscEvent('account-credential-change-required'),
    caepEvent('session-revoked'),
    caepEvent('credential-change'),
    caepEvent('token-claims-change'),
  ])('%s causes a refresh at once, and a refusal kills the grant', async (type) => {
    const account = `asked-${type.split('/').at(-1)}-${type.includes('caep')}`
    await receiver.connect(account)
    const before = receiver.provider.requests.length
    await receiver.tell({ [type]: { subject: { format: 'email', email: `${account}@example.com` } } }, soon())
    await receiver.provider.asked(before + 1)
    receiver.provider.answer(refused({ class: 'A', reason: 'sessions_revoked' }))
    await eventually(async () => expect(await receiver.stateOf(account)).toBe('revoked'))
  })
})

describe('the endpoint', () => {
  it('acknowledges events without effect', async () => {
    await receiver.connect('bystander')
    const subject = { format: 'email', email: 'bystander@example.com' }
    for (const events of [
      { [riscEvent('verification')]: { state: 'hello' } },
      { 'https://example.com/unheard-of': { subject } },
      { [riscEvent('identifier-changed')]: { subject } },
      revokedOf({ format: 'email', email: 'nobody@example.com' }),
    ])
      expect(await receiver.tell(events, soon())).toMatchObject({ status: 202, body: null })
    expect(await receiver.stateOf('bystander')).toBe('valid')
  })
  it('rejects an invalid token with the error codes of RFC 8935', async () => {
    const foreign = await receiver.tell(revokedOf({ email: 'alice@example.com' }), { withForeignKey: true })
    expect(foreign).toMatchObject({ status: 400, body: { err: 'authentication_failed' } })
    expect(foreign.headers.get('content-language')).toBe('en')
    const text = await receiver.transmitter.sign(revokedOf({ email: 'alice@example.com' }))
    for (const app of ['deaf', 'unknown'])
      expect(await receiver.push(app, text)).toMatchObject({ status: 400, body: { err: 'access_denied' } })
    expect(await receiver.push('mail', text, 'text/plain')).toMatchObject({ status: 400 })
    expect(await receiver.push('mail', '{}', 'application/json')).toMatchObject({ status: 400 })
    expect(await receiver.push('mail', 'x'.repeat(70_000))).toMatchObject({ status: 413 })
  })
})
