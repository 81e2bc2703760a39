import type { FailureClass } from '../../src/provider/classified.ts'
import type { Answer } from './raw-server.ts'

export interface Recorded extends Answer {
  readonly title: string
  readonly workedBefore?: boolean
  readonly is: {
    readonly class: FailureClass
    readonly reason: string
    readonly inDoubt?: boolean
    readonly retryAfter?: number
    readonly error?: string
    readonly suberror?: string
  }
}

const json = { 'content-type': 'application/json' }
const html = { 'content-type': 'text/html' }
const page = (text: string) => `<!doctype html><html><body>${text}</body></html>`

function said(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...json, ...headers }, body: JSON.stringify(body) }
}

const statuses: Recorded[] = [
  {
    title: '503 page containing invalid_grant',
    status: 503,
    headers: html,
    body: page('{"error":"invalid_grant"}'),
    is: { class: 'T', reason: 'provider_unavailable', error: 'http_503' },
  },
  {
    title: '503 JSON saying invalid_grant',
    ...said(503, { error: 'invalid_grant' }),
    is: { class: 'T', reason: 'provider_unavailable', error: 'invalid_grant' },
  },
  { title: '500', status: 500, is: { class: 'T', reason: 'provider_unavailable' } },
  {
    title: '502 page',
    status: 502,
    headers: html,
    body: page('Bad Gateway'),
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
  { title: '504', status: 504, is: { class: 'T', reason: 'provider_unavailable', inDoubt: true } },
  {
    title: '520 of a CDN',
    status: 520,
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
  { title: '408', status: 408, is: { class: 'T', reason: 'provider_unavailable', inDoubt: true } },
  {
    title: '429 with Retry-After in seconds',
    ...said(429, { error: 'invalid_grant' }, { 'retry-after': '17' }),
    is: { class: 'T', reason: 'throttled', retryAfter: 17 },
  },
  {
    title: '429 with Retry-After as a date, by the provider’s own clock',
    ...said(
      429,
      {},
      { 'retry-after': 'Fri, 01 Jan 2027 00:01:30 GMT', date: 'Fri, 01 Jan 2027 00:00:00 GMT' },
    ),
    is: { class: 'T', reason: 'throttled', retryAfter: 90, error: 'http_429' },
  },
  {
    title: '429 with a Retry-After of no sense',
    ...said(429, {}, { 'retry-after': 'soon' }),
    is: { class: 'T', reason: 'throttled' },
  },
  {
    title: '503 with Retry-After',
    ...said(503, {}, { 'retry-after': '5' }),
    is: { class: 'T', reason: 'provider_unavailable', retryAfter: 5 },
  },
  {
    title: 'a redirect',
    status: 302,
    headers: { location: 'http://127.0.0.1:1/elsewhere' },
    is: { class: 'C', reason: 'misconfigured', error: 'http_302' },
  },
  {
    title: 'a permanent redirect that keeps the method',
    status: 308,
    headers: { location: '/token/' },
    is: { class: 'C', reason: 'misconfigured' },
  },
]

const unreadable: Recorded[] = [
  {
    title: 'HTML with 200 from a captive portal',
    status: 200,
    headers: html,
    body: page('Welcome to the hotel'),
    is: { class: 'T', reason: 'unreadable_answer', inDoubt: true, error: 'http_200' },
  },
  {
    title: '401 HTML of a captive proxy',
    status: 401,
    headers: { ...html, 'www-authenticate': 'Basic realm="proxy"' },
    body: page('invalid_client'),
    is: { class: 'T', reason: 'unreadable_answer', error: 'http_401' },
  },
  {
    title: '403 HTML of a firewall',
    status: 403,
    headers: html,
    body: page('Blocked: access_denied'),
    is: { class: 'T', reason: 'unreadable_answer' },
  },
  {
    title: '403 JSON of a gateway',
    ...said(403, { message: 'Forbidden' }),
    is: { class: 'T', reason: 'unreadable_answer' },
  },
  {
    title: '404 page',
    status: 404,
    headers: html,
    body: page('Not found'),
    is: { class: 'T', reason: 'unreadable_answer' },
  },
  {
    title: 'truncated JSON with 200',
    status: 200,
    headers: json,
    body: '{"access_token":"at-1","refresh_to',
    is: { class: 'T', reason: 'unreadable_answer', inDoubt: true },
  },
  {
    title: 'truncated JSON with 400',
    status: 400,
    headers: json,
    body: '{"error":"invalid_gra',
    is: { class: 'T', reason: 'unreadable_answer', error: 'http_400' },
  },
  {
    title: '200 JSON that is no object',
    ...said(200, ['access_token']),
    is: { class: 'T', reason: 'unreadable_answer', inDoubt: true },
  },
  { title: '204', status: 204, headers: {}, is: { class: 'T', reason: 'unreadable_answer', inDoubt: true } },
  {
    title: '1 MB of garbage',
    status: 200,
    headers: json,
    body: 'x'.repeat(1_000_000),
    is: { class: 'T', reason: 'unreadable_answer', inDoubt: true },
  },
  {
    title: 'more than is read of any answer',
    status: 200,
    headers: json,
    body: JSON.stringify({ access_token: 'y'.repeat(1_100_000) }),
    is: { class: 'T', reason: 'unreadable_answer', inDoubt: true, error: 'answer_too_large' },
  },
  {
    title: '200 without a token',
    ...said(200, { token_type: 'bearer' }),
    is: { class: 'T', reason: 'no_token_in_answer', inDoubt: true },
  },
  {
    title: '200 with an empty token',
    ...said(200, { access_token: '' }),
    is: { class: 'T', reason: 'no_token_in_answer', inDoubt: true },
  },
  {
    title: '200 with a token that is no text',
    ...said(200, { access_token: { a: 1 } }),
    is: { class: 'T', reason: 'no_token_in_answer', inDoubt: true },
  },
  {
    title: '400 whose error is a sentence',
    ...said(400, { error: 'the token refresh-1 was not found, sorry' }),
    is: { class: 'T', reason: 'unreadable_answer', error: 'http_400' },
  },
]

const words: Recorded[] = [
  {
    title: '400 invalid_grant',
    ...said(400, { error: 'invalid_grant', error_description: 'temporarily_unavailable' }),
    is: { class: 'R', reason: 'grant_revoked', error: 'invalid_grant' },
  },
  {
    title: '400 invalid_grant sent as text/html',
    status: 400,
    headers: html,
    body: '{"error":"invalid_grant"}',
    is: { class: 'R', reason: 'grant_revoked' },
  },
  {
    title: '401 invalid_client',
    ...said(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
  {
    title: '400 invalid_client',
    ...said(400, { error: 'invalid_client' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
  {
    title: 'unauthorized_client at first',
    ...said(400, { error: 'unauthorized_client' }),
    is: { class: 'C', reason: 'client_not_authorized' },
  },
  {
    title: 'unauthorized_client after it worked',
    ...said(400, { error: 'unauthorized_client' }),
    workedBefore: true,
    is: { class: 'P', reason: 'client_not_authorized' },
  },
  {
    title: 'invalid_scope at first',
    ...said(400, { error: 'invalid_scope' }),
    is: { class: 'C', reason: 'scope_rejected' },
  },
  {
    title: 'invalid_scope after it worked',
    ...said(400, { error: 'invalid_scope' }),
    workedBefore: true,
    is: { class: 'A', reason: 'scope_rejected' },
  },
  {
    title: 'invalid_request',
    ...said(400, { error: 'invalid_request' }),
    is: { class: 'C', reason: 'misconfigured' },
  },
  {
    title: 'unsupported_grant_type',
    ...said(400, { error: 'unsupported_grant_type' }),
    is: { class: 'C', reason: 'misconfigured' },
  },
  {
    title: 'access_denied',
    ...said(403, { error: 'access_denied' }),
    is: { class: 'S', reason: 'access_denied' },
  },
  {
    title: 'interaction_required',
    ...said(400, { error: 'interaction_required' }),
    is: { class: 'S', reason: 'interaction_required' },
  },
  {
    title: 'temporarily_unavailable with 400',
    ...said(400, { error: 'temporarily_unavailable' }),
    is: { class: 'T', reason: 'provider_unavailable' },
  },
  {
    title: 'a word nobody knows',
    ...said(400, { error: 'moon_phase' }),
    is: { class: 'C', reason: 'unknown_error', error: 'moon_phase' },
  },
  {
    title: 'a word nobody knows with 403',
    ...said(403, { error: 'Forbidden' }),
    is: { class: 'T', reason: 'unreadable_answer', error: 'Forbidden' },
  },
]

const dialects: Recorded[] = [
  {
    title: 'GitHub: 200 bad_refresh_token',
    ...said(200, { error: 'bad_refresh_token' }),
    is: { class: 'A', reason: 'grant_revoked' },
  },
  {
    title: 'Slack: 200 ok:false token_revoked',
    ...said(200, { ok: false, error: 'token_revoked' }),
    is: { class: 'A', reason: 'grant_revoked' },
  },
  {
    title: 'a failure with 200 that is transient',
    ...said(200, { error: 'server_error' }),
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
  {
    title: 'Google: invalid_rapt',
    ...said(400, { error: 'invalid_grant', error_subtype: 'invalid_rapt' }),
    is: { class: 'S', reason: 'reauth_required', suberror: 'invalid_rapt' },
  },
  {
    title: 'Google: deleted_client',
    ...said(401, { error: 'deleted_client' }),
    is: { class: 'P', reason: 'client_rejected' },
  },
  {
    title: 'Microsoft: 7000222, the secret expired',
    ...said(401, { error: 'invalid_client', error_codes: [7000222] }),
    is: { class: 'P', reason: 'client_secret_expired' },
  },
  {
    title: 'Microsoft: 50173 with suberror bad_token, the number tells more',
    ...said(400, { error: 'invalid_grant', suberror: 'bad_token', error_codes: [50173] }),
    is: { class: 'A', reason: 'password_changed', suberror: 'bad_token' },
  },
  {
    title: 'Microsoft: 50076, MFA',
    ...said(400, { error: 'interaction_required', suberror: 'basic_action', error_codes: [50076] }),
    is: { class: 'S', reason: 'mfa_required' },
  },
  {
    title: 'Microsoft: 70000 stays a possible race',
    ...said(400, { error: 'invalid_grant', error_codes: [70000] }),
    is: { class: 'R', reason: 'grant_revoked' },
  },
  {
    title: 'Microsoft: 50196, a loop',
    ...said(400, { error: 'invalid_grant', error_codes: [50196] }),
    is: { class: 'T', reason: 'loop_detected', retryAfter: 300 },
  },
  {
    title: 'Microsoft: a number nobody knows leaves the word',
    ...said(400, { error: 'invalid_grant', error_codes: [1234567] }),
    is: { class: 'R', reason: 'grant_revoked' },
  },
  {
    title: 'Microsoft: 503 with 50173 is not the grant’s',
    ...said(503, { error: 'temporarily_unavailable', error_codes: [90033] }),
    is: { class: 'T', reason: 'provider_unavailable' },
  },
]

/** Answers in the shapes providers, proxies and portals are known to give, and what each must be taken for. */
export const goldenCorpus: readonly Recorded[] = [...statuses, ...unreadable, ...words, ...dialects]
