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
    title: 'consent_required',
    ...said(400, { error: 'consent_required' }),
    is: { class: 'S', reason: 'consent_required' },
  },
  {
    title: 'login_required',
    ...said(400, { error: 'login_required' }),
    is: { class: 'S', reason: 'login_required' },
  },
  {
    title: 'server_error with 400',
    ...said(400, { error: 'server_error' }),
    is: { class: 'T', reason: 'provider_unavailable' },
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

const failuresWith200: Recorded[] = [
  {
    title: 'a failure with 200 that is transient',
    ...said(200, { error: 'server_error' }),
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
]

/** Decided by the common error codes. */
export const recordedErrors: readonly Recorded[] = [...words, ...failuresWith200]
