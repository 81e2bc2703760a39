import { describe, expect, test } from 'vitest'
import { appPutSchema } from '../../src/contract/app.ts'
import { toAppConfig } from '../../src/provider/app-settings.ts'

function configOf(put: Record<string, unknown>) {
  const parsed = appPutSchema.parse({ provider: 'oidc', clientId: 'client', ...put })
  return toAppConfig({ app: 'app', put: parsed, allowPrivate: true })
}

const issuer = 'http://127.0.0.1:4000'

describe('Microsoft scopes of different resources', () => {
  const outlook = { provider: 'outlook' }
  const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All'

  test.each([
    [
      'Graph with the preset’s own',
      { additionalScopes: ['Calendars.Read'] },
      'additionalScopes',
      ['Calendars.Read', imap],
    ],
    [
      'with and without the resource',
      { scopes: [imap, 'https://graph.microsoft.com/Mail.Read'] },
      'scopes',
      [imap, 'https://graph.microsoft.com/Mail.Read'],
    ],
    [
      'IMAP without its resource',
      { scopes: ['IMAP.AccessAsUser.All', 'Mail.ReadWrite'] },
      'scopes',
      ['IMAP.AccessAsUser.All', 'Mail.ReadWrite'],
    ],
    [
      'a custom API',
      { scopes: ['api://mine/read', 'User.Read'] },
      'scopes',
      ['api://mine/read', 'User.Read'],
    ],
  ])('%s', async (_, put, field, named) => {
    const refused = await configOf({ ...outlook, ...put })
    expect(refused).toMatchObject({
      ok: false,
      failure: { error: 'invalid_config', message: expect.stringMatching(new RegExp(`^${field}: `)) },
    })
    for (const scope of named) expect(JSON.stringify(refused)).toContain(scope)
  })

  test.each([
    [
      'Graph alone',
      ['offline_access', 'openid', 'Mail.ReadWrite', 'https://graph.microsoft.com/Mail.Send', 'User.Read'],
    ],
    ['both names of Outlook', [imap, 'https://outlook.office365.com/SMTP.Send', 'POP.AccessAsUser.All']],
  ])('are accepted together: %s', async (_, scopes) => {
    expect(await configOf({ ...outlook, scopes })).toMatchObject({ ok: true, value: { scopes } })
  })

  test('are not checked for other providers', async () => {
    expect(await configOf({ issuer, scopes: [imap, 'Mail.ReadWrite'] })).toMatchObject({ ok: true })
  })
})
