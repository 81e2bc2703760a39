import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { startTestNode } from '../support/node.ts'
import { sampleFor } from '../support/stored-accounts.ts'
import { accountsOf } from '../support/stored-content.ts'
import { inAnHour, putTestAccount } from '../support/test-account.ts'
import { rowsIn, runExport } from './run-export.ts'

const engines = useEngines()
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-export-'))
  await using node = await startTestNode({
    ...engines,
    waker: false,
    refreshToken: () => new Promise(() => {}),
  })
  const { tokenbus } = node
  await putTestAccount(node, 'settled')
  await putTestAccount(node, 'unsettled')
  await accountsOf(node).receive('unsettled', ({ snapshot }) =>
    sampleFor('token.requested, forced', snapshot),
  )
  expect(await tokenbus.getAccount('unsettled')).toMatchObject({ value: { state: 'refreshing' } })
  const oidc = { provider: 'oidc', clientId: 'c', clientSecret: new Secret('client-secret') } as const
  await tokenbus.putApp('moving', { ...oidc, tokenUrl: 'http://127.0.0.1:1/token' })
  const tokens = {
    accessToken: new Secret('at-moved'),
    refreshToken: new Secret('rt-moved'),
    expires: inAnHour(),
  }
  expect(await tokenbus.putAccount('moved', { app: 'moving', user: 'moved', ...tokens })).toMatchObject({
    ok: true,
  })
  await tokenbus.putApp('moving', { ...oidc, tokenUrl: 'http://127.0.0.2:1/token' })
  await tokenbus.putApp('service', {
    ...oidc,
    tokenUrl: 'http://127.0.0.1:1/token',
    grant: 'client_credentials',
  })
  expect(await tokenbus.putAccount('robot', { app: 'service', user: 'robot' })).toMatchObject({ ok: true })
})
afterAll(() => rm(directory, { recursive: true, force: true }))

it('leaves out a grant with a refresh of unknown outcome or a moved app, and says what to do', async () => {
  const { code, lines } = await runExport({ ...engines, directory, name: 'left' })
  expect(code).toBe(1)
  const failed = lines.filter(({ outcome }) => outcome === 'failed').sort((a, b) => (a.id < b.id ? -1 : 1))
  expect(failed).toEqual([
    {
      kind: 'account',
      id: 'moved',
      outcome: 'failed',
      reason: expect.stringMatching(/endpoints differ .*moveGrants$/),
    },
    {
      kind: 'account',
      id: 'unsettled',
      outcome: 'failed',
      reason: expect.stringMatching(/unknown outcome: run a node until it is known/),
    },
  ])
})

it('exports service accounts, which have no tokens', async () => {
  const rows = await rowsIn(await runExport({ ...engines, directory, name: 'service' }))
  const accounts = rows.filter(({ account }) => account !== undefined)
  expect(accounts.map(({ account }) => account).sort()).toEqual(['robot', 'settled'])
  const robot = accounts.find(({ account }) => account === 'robot')
  expect(robot).toMatchObject({ app: 'service', user: 'robot' })
  expect(robot).not.toHaveProperty('refreshToken')
})
