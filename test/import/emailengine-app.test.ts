import { expect, it } from 'vitest'
import { appRow, parseApp } from '../../src/import/emailengine-app.ts'
import { createOpener } from '../../src/import/emailengine-seal.ts'

const client = { clientId: 'cid', clientSecret: 'in clear' }
const put = { clientId: 'cid', clientSecret: '***' }
const scope = (name: string) => `https://graph.microsoft.com/${name}`

it.each<[string, object, object]>([
  ['gmail', { provider: 'gmail', baseScopes: 'imap', ...client }, { put: { provider: 'gmail', ...put } }],
  [
    'gmail over its API, with more scopes and one left out',
    {
      provider: 'gmail',
      baseScopes: 'api',
      extraScopes: ['calendar'],
      skipScopes: ['https://www.googleapis.com/auth/gmail.modify'],
      ...client,
    },
    { put: { provider: 'gmail', scopes: [], additionalScopes: ['calendar'], ...put } },
  ],
  [
    'outlook of one tenant in a national cloud',
    { provider: 'outlook', authority: 'a-tenant', cloud: 'china', ...client },
    { put: { provider: 'outlook', tenant: 'a-tenant', cloud: 'china', ...put } },
  ],
  [
    'outlook over Graph',
    { provider: 'outlook', baseScopes: 'api', authority: 'common', ...client },
    {
      put: {
        provider: 'outlook',
        tenant: 'common',
        scopes: [scope('Mail.ReadWrite'), scope('Mail.Send'), 'offline_access'],
        ...put,
      },
    },
  ],
  [
    'gmailService: its client is the service account',
    { provider: 'gmailService', serviceClient: '1234', serviceClientEmail: 'robot@x', serviceKey: 'PEM' },
    { put: { provider: 'gmailService', clientId: 'robot@x', serviceKey: '***' } },
  ],
  ['mailRu', { provider: 'mailRu', ...client }, { put: { provider: 'mailRu', ...put } }],
  [
    'a disabled one',
    { provider: 'gmail', enabled: false, ...client },
    { put: { provider: 'gmail', enabled: false, ...put } },
  ],
  [
    'one for Pub/Sub',
    { provider: 'gmail', baseScopes: 'pubsub', ...client },
    { skip: 'it is for Pub/Sub, not for accounts' },
  ],
  ['of an unknown provider', { provider: 'aol', ...client }, { skip: 'provider aol is not supported' }],
  ['without a client', { provider: 'gmail' }, { fail: expect.stringMatching(/^clientId: /) }],
])('%s', async (_, record, expected) => {
  const app = parseApp(record)
  expect(app).toBeDefined()
  const row = app && (await appRow('app', app, createOpener(undefined)))
  expect(JSON.parse(JSON.stringify(row))).toEqual({ id: 'app', ...expected })
})
