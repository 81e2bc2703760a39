import { html, page, type Recorded, said } from './recorded.ts'

const google: Recorded[] = [
  {
    title: 'Google: invalid_grant, one text for six causes',
    provider: 'gmail',
    ...said(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }),
    is: { class: 'R', reason: 'grant_revoked' },
  },
  ...(['invalid_rapt', 'rapt_required'] as const).map(
    (suberror): Recorded => ({
      title: `Google: ${suberror}, Workspace wants a fresh sign-in`,
      provider: 'gmail',
      ...said(400, {
        error: 'invalid_grant',
        error_description: `reauth related error (${suberror})`,
        error_uri: 'https://support.google.com/a/answer/9368756',
        error_subtype: suberror,
      }),
      is: { class: 'S', reason: 'reauth_required', suberror },
    }),
  ),
  ...(['admin_policy_enforced', 'org_internal'] as const).map(
    (error): Recorded => ({
      title: `Google: ${error}`,
      provider: 'gmail',
      ...said(400, { error, error_description: 'Bad Request' }),
      is: { class: 'S', reason: 'policy_changed', error },
    }),
  ),
  ...(['invalid_client', 'deleted_client', 'disabled_client'] as const).map(
    (error): Recorded => ({
      title: `Google: ${error}`,
      provider: 'gmail',
      ...said(401, { error, error_description: 'The OAuth client was not found.' }),
      is: { class: 'P', reason: 'client_rejected', error },
    }),
  ),
  {
    title: 'Google: rateLimitExceeded',
    provider: 'gmail',
    ...said(403, { error: 'rateLimitExceeded', error_description: 'Too many requests' }),
    is: { class: 'T', reason: 'throttled' },
  },
]

const soon = () => ({ date: new Date().toUTCString() })

const serviceAccounts: Recorded[] = [
  {
    title: 'Google service account: no domain-wide delegation',
    provider: 'gmailService',
    ...said(401, {
      error: 'unauthorized_client',
      error_description: 'Client is unauthorized to retrieve access tokens using this method',
    }),
    is: { class: 'P', reason: 'delegation_missing' },
  },
  {
    title: 'Google service account: invalid principal',
    provider: 'gmailService',
    ...said(400, { error: 'invalid_request', error_description: 'Invalid principal in subject assertion.' }),
    is: { class: 'C', reason: 'bad_service_account' },
  },
  {
    title: 'Google service account: its clock is not ours',
    provider: 'gmailService',
    ...said(
      400,
      { error: 'invalid_grant', error_description: 'Invalid JWT: check your iat and exp values' },
      { date: 'Fri, 01 Jan 2027 00:00:00 GMT' },
    ),
    is: { class: 'T', reason: 'clock_skew', alarm: true },
  },
  {
    title: 'Google service account: its clock is ours, so it is the key or the user',
    provider: 'gmailService',
    ...said(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, soon()),
    is: { class: 'S', reason: 'assertion_rejected' },
  },
  {
    title: 'Google service account: 503 with invalid_grant is not its own',
    provider: 'gmailService',
    ...said(503, { error: 'invalid_grant' }, soon()),
    is: { class: 'T', reason: 'provider_unavailable' },
  },
]

const mailRu: Recorded[] = [
  {
    title: 'Mail.ru: invalid_client',
    provider: 'mailRu',
    ...said(401, { error: 'invalid_client', error_code: 2, error_description: 'client not found' }),
    is: { class: 'P', reason: 'client_rejected', codes: [2] },
  },
  {
    title: 'Mail.ru: words with a space, and a number that is only logged',
    provider: 'mailRu',
    ...said(400, { error: 'invalid token', error_code: 6, error_description: 'token not found' }),
    is: { class: 'R', reason: 'grant_revoked', codes: [6], error: 'http_400' },
  },
  {
    title: 'Mail.ru: invalid_request',
    provider: 'mailRu',
    ...said(400, { error: 'invalid_request', error_code: 1 }),
    is: { class: 'R', reason: 'grant_revoked', error: 'invalid_request' },
  },
  {
    title: 'Mail.ru: 403 JSON',
    provider: 'mailRu',
    ...said(403, { error_code: 7 }),
    is: { class: 'R', reason: 'grant_revoked', codes: [7] },
  },
  {
    title: 'Mail.ru: 429 is no 4xx of the grant’s',
    provider: 'mailRu',
    ...said(429, { error: 'invalid_grant' }),
    is: { class: 'T', reason: 'throttled' },
  },
  {
    title: 'Mail.ru: 403 of a firewall is no JSON',
    provider: 'mailRu',
    status: 403,
    headers: html,
    body: page('invalid_grant'),
    is: { class: 'T', reason: 'unreadable_answer' },
  },
  {
    title: 'Mail.ru: 200 without a token',
    provider: 'mailRu',
    ...said(200, { error_code: 6 }),
    is: { class: 'T', reason: 'no_token_in_answer', inDoubt: true },
  },
]

/** Error codes of single providers. */
export const recordedDialects: readonly Recorded[] = [...google, ...serviceAccounts, ...mailRu]
