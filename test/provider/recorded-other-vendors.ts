import { type Recorded, said } from './recorded.ts'

const compared = { class: 'T', reason: 'unknown_error', unknownWords: true } as const
const dead = { class: 'A', reason: 'grant_revoked' } as const

/** Vendors with one or two non-standard error codes. */
export const otherVendors: Recorded[] = [
  // www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html
  { title: 'Zoho: 200 invalid_code', ...said(200, { error: 'invalid_code' }), is: dead },
  {
    title: 'Zoho: 200 invalid_client',
    ...said(200, { error: 'invalid_client' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
  // community.developer.atlassian.com, reported
  {
    title: 'Atlassian: 403 unauthorized_client of a dead token',
    ...said(403, { error: 'unauthorized_client', error_description: 'refresh_token is invalid' }),
    workedBefore: true,
    is: { class: 'P', reason: 'client_not_authorized' },
  },
  // docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token, and reports
  {
    title: 'X: invalid_request of a dead token that worked',
    ...said(400, { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' }),
    workedBefore: true,
    is: { ...compared, error: 'invalid_request' },
  },
  {
    title: 'X: 401 unauthorized_client of a wrong secret',
    ...said(401, { error: 'unauthorized_client', error_description: 'Missing valid authorization header' }),
    workedBefore: true,
    is: { class: 'P', reason: 'client_not_authorized' },
  },
  // developers.naver.com/docs/login/api, and reports
  {
    title: 'Naver: 200 invalid_request of a dead token that worked',
    ...said(200, { error: 'invalid_request', error_description: 'not valid refresh_token' }),
    workedBefore: true,
    is: { ...compared, inDoubt: false },
  },
  {
    title: 'Naver: 200 invalid_client',
    ...said(200, { error: 'invalid_client', error_description: 'wrong client id / client secret pair' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
  // devtalk.kakao.com/t/koe322-expired-or-invalid-refresh-token/126899
  {
    title: 'Kakao: invalid_grant with a code that is no number',
    ...said(400, {
      error: 'invalid_grant',
      error_description: 'expired_or_invalid_refresh_token',
      error_code: 'KOE322',
    }),
    is: { class: 'R', reason: 'grant_revoked' },
  },
  // league/oauth2-server 8, on which Laravel Passport is built
  {
    title: 'Laravel Passport: 401 invalid_request of a dead token that worked',
    ...said(401, {
      error: 'invalid_request',
      error_description: 'The refresh token is invalid.',
      hint: 'Token has been revoked',
      message: 'The refresh token is invalid.',
    }),
    workedBefore: true,
    is: { ...compared, error: 'invalid_request' },
  },
  {
    title: 'LemonLDAP: 400 invalid_request of a dead token that worked',
    ...said(400, { error: 'invalid_request' }),
    workedBefore: true,
    is: compared,
  },
  { title: 'Glewlwyd: a bare 400, after it worked', status: 400, workedBefore: true, is: compared },
  {
    title: 'Reddit: a number as error, after it worked',
    ...said(400, { message: 'Bad Request', error: 400 }),
    workedBefore: true,
    is: { ...compared, error: 'http_400' },
  },
  {
    title: 'a gateway of Google: an error that is an object',
    ...said(403, { error: { code: 403, message: 'Forbidden', status: 'PERMISSION_DENIED' } }),
    workedBefore: true,
    is: { ...compared, error: 'PERMISSION_DENIED', codes: [403] },
  },
  {
    title: 'an error inside an error is not looked for further',
    ...said(400, { error: { error: { error: 'invalid_grant' } } }),
    workedBefore: true,
    is: { ...compared, error: 'http_400' },
  },
  {
    title: 'a code word that is as long as a token',
    ...said(400, { errors: [{ code: 'x'.repeat(41) }], status: 'y'.repeat(41), reason: 'z'.repeat(41) }),
    workedBefore: true,
    is: { ...compared, error: 'http_400' },
  },
  // github.com/raycast/extensions/issues/10896
  {
    title: 'Zoom: invalid_grant with a reason',
    ...said(400, { reason: 'Invalid Token!', error: 'invalid_grant' }),
    is: { class: 'R', reason: 'grant_revoked', error: 'invalid_grant' },
  },
  {
    title: 'Zoom: invalid_request with a reason',
    ...said(400, { reason: 'Invalid Token!', error: 'invalid_request' }),
    workedBefore: true,
    is: { class: 'R', reason: 'grant_revoked', error: 'invalid_request', suberror: 'invalid_token' },
  },
  {
    title: 'Zoom: 401 invalid_client',
    ...said(401, { reason: 'Invalid client_id or client_secret', error: 'invalid_client' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
]
