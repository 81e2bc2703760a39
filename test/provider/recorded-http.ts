import { html, json, page, type Recorded, said } from './recorded.ts'

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
  {
    title: '400 whose error might be a token sent back',
    ...said(400, { error: 'Zq3'.repeat(15) }),
    is: { class: 'T', reason: 'unreadable_answer', error: 'http_400' },
  },
]

/** The error code in the body must be ignored. */
export const recordedHttp: readonly Recorded[] = [...statuses, ...unreadable]
