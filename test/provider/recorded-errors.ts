import { html, type Recorded, said } from './recorded.ts'

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

/** Where the provider's own words decide. */
export const recordedErrors: readonly Recorded[] = [...words, ...dialects]
