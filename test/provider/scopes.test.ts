import { expect, test } from 'vitest'
import { missingPermissions, missingScopes } from '../../src/provider/scopes.ts'

const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All'
const graph = 'https://graph.microsoft.com/'

test.each([
  ['oidc', 'a scope that was added', ['openid', 'mail', 'files'], ['openid', 'mail'], ['files']],
  ['oidc', 'the refresh token’s own', ['openid', 'offline_access'], ['openid'], []],
  ['oidc', 'the ID token’s', ['openid', 'mail'], ['mail'], ['openid']],
  [
    'gmail',
    'short names',
    ['email', 'profile', 'openid'],
    ['openid', 'https://www.googleapis.com/auth/userinfo.email'],
    ['profile'],
  ],
  ['gmail', 'long names', ['https://www.googleapis.com/auth/userinfo.email'], ['email'], []],
  ['outlook', 'what is never echoed', ['openid', 'profile', 'email', 'offline_access', imap], [imap], []],
  ['outlook', 'with the resource', ['Mail.Read', 'User.Read'], [`${graph}Mail.Read`], ['User.Read']],
  ['outlook', 'without the resource', [`${graph}Mail.Read`], ['mail.read'], []],
  ['outlook', 'of the other resource', [imap], ['Mail.Read'], [imap]],
  ['outlook', 'by Outlook’s other name', [imap], ['https://outlook.office365.com/IMAP.AccessAsUser.All'], []],
  ['outlookService', 'all there are', [`${graph}.default`], [], []],
] as const)('%s, %s', (provider, _, scopes, granted, missing) => {
  expect(missingScopes({ config: { provider, scopes: [...scopes] }, granted })).toEqual(missing)
})

test('no scope is missing that was granted under another name, or is for sign-in only', () => {
  const missing = (scopes: string[], granted: string[]) =>
    missingPermissions({ config: { provider: 'outlook', scopes }, granted })
  expect(missing(['openid', 'Mail.Read'], [`${graph}Mail.Read`])).toEqual([])
  expect(missing([`${graph}Mail.Read`, 'User.Read'], ['Mail.Read'])).toEqual(['User.Read'])
})
