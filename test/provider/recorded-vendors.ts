import { type Recorded, said } from './recorded.ts'
import { otherVendors } from './recorded-other-vendors.ts'

const compared = { class: 'T', reason: 'unknown_error', unknownWords: true } as const
const dead = { class: 'A', reason: 'grant_revoked' } as const
const wrongSecret = { class: 'P', reason: 'client_secret_wrong' } as const
const slack = (error: string) => said(200, { ok: false, error })
const meta = (code: number, error_subcode?: number) =>
  said(400, {
    error: {
      message: 'Error validating access token',
      type: 'OAuthException',
      code,
      error_subcode,
      fbtrace_id: 'A',
    },
  })

// docs.slack.dev/reference/methods/oauth.v2.access, oauth.v2.exchange
const ofSlack: Recorded[] = [
  { title: 'Slack: token_revoked', ...slack('token_revoked'), is: dead },
  { title: 'Slack: invalid_refresh_token', ...slack('invalid_refresh_token'), is: dead },
  { title: 'Slack: authorization_not_found', ...slack('authorization_not_found'), is: dead },
  { title: 'Slack: bad_client_secret', ...slack('bad_client_secret'), is: wrongSecret },
  {
    title: 'Slack: invalid_client_id',
    ...slack('invalid_client_id'),
    is: { class: 'P', reason: 'app_not_found' },
  },
  {
    title: 'Slack: account_inactive',
    ...slack('account_inactive'),
    is: { class: 'S', reason: 'user_disabled' },
  },
  {
    title: 'Slack: internal_error with 200',
    ...slack('internal_error'),
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
  {
    title: 'Slack: ratelimited with 200',
    ...slack('ratelimited'),
    is: { class: 'T', reason: 'throttled', inDoubt: true },
  },
  {
    title: 'Slack: a word nobody knows, after it worked',
    ...slack('something_new'),
    workedBefore: true,
    is: {
      class: 'T',
      reason: 'no_token_in_answer',
      unknownWords: true,
      inDoubt: false,
      error: 'something_new',
    },
  },
]

// docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
const ofGitHub: Recorded[] = [
  { title: 'GitHub: 200 bad_refresh_token', ...said(200, { error: 'bad_refresh_token' }), is: dead },
  {
    title: 'GitHub: 200 incorrect_client_credentials',
    ...said(200, {
      error: 'incorrect_client_credentials',
      error_description: 'The client_id and/or client_secret passed are incorrect.',
    }),
    is: wrongSecret,
  },
]

// nango.dev/blog/hubspot-oauth-bad-refresh-token; both forms in facts of the vendor's community
const ofHubSpot: Recorded[] = [
  {
    title: 'HubSpot: BAD_REFRESH_TOKEN as status',
    ...said(400, { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' }),
    is: { ...dead, error: 'BAD_REFRESH_TOKEN' },
  },
  {
    title: 'HubSpot: BAD_REFRESH_TOKEN beside invalid_request',
    ...said(400, {
      error: 'invalid_request',
      status: 'BAD_REFRESH_TOKEN',
      message: 'missing or invalid refresh token',
      correlationId: 'aeb5f871-7f07-4993-9211-075dc63e7cbf',
    }),
    workedBefore: true,
    is: { ...dead, error: 'invalid_request', suberror: 'BAD_REFRESH_TOKEN' },
  },
  {
    title: 'HubSpot: BAD_REFRESH_TOKEN as error',
    ...said(400, { ok: false, error: 'BAD_REFRESH_TOKEN' }),
    is: dead,
  },
  {
    title: 'HubSpot: BAD_CLIENT_SECRET',
    ...said(400, { status: 'BAD_CLIENT_SECRET', message: 'missing or unknown client secret' }),
    is: wrongSecret,
  },
  {
    title: 'HubSpot: BAD_CLIENT_ID',
    ...said(400, { status: 'BAD_CLIENT_ID', message: 'missing or unknown client id' }),
    is: { class: 'P', reason: 'app_not_found' },
  },
  {
    title: 'HubSpot: status error says nothing',
    ...said(400, { status: 'error', message: 'Any of the listed authentication credentials are missing' }),
    workedBefore: true,
    is: { ...compared, error: 'http_400' },
  },
]

// github.com/lukasolson/fitbit-node/issues/14, dev.fitbit.com/build/reference/web-api/troubleshooting-guide/oauth2-tutorial
const ofFitbit: Recorded[] = [
  {
    title: 'Fitbit: invalid_grant as errorType',
    ...said(400, {
      errors: [
        { errorType: 'invalid_grant', message: 'Refresh token invalid: x. Visit https://dev.fitbit.com' },
      ],
      success: false,
    }),
    is: { class: 'R', reason: 'grant_revoked', error: 'invalid_grant' },
  },
  {
    title: 'Fitbit: invalid_client as errorType',
    ...said(401, {
      errors: [{ errorType: 'invalid_client', message: 'Invalid authorization header' }],
      success: false,
    }),
    is: { class: 'P', reason: 'client_rejected', error: 'invalid_client' },
  },
]

// github.com/dreeveapp/dreeve/issues/1449 and /372
const strava = (resource: string, field: string) =>
  said(400, { message: 'Bad Request', errors: [{ resource, field, code: 'invalid' }] })
const ofStrava: Recorded[] = [
  {
    title: 'Strava: the refresh token is invalid',
    ...strava('RefreshToken', 'refresh_token'),
    is: { ...dead, error: 'RefreshToken.refresh_token.invalid' },
  },
  { title: 'Strava: the refresh token, without a field', ...strava('RefreshToken', ''), is: dead },
  {
    title: 'Strava: the client id is invalid',
    ...strava('Application', 'client_id'),
    is: { class: 'P', reason: 'app_not_found' },
  },
  {
    title: 'Strava: the client secret is invalid',
    ...strava('Application', 'client_secret'),
    is: wrongSecret,
  },
]

// developers.facebook.com/docs/graph-api/guides/error-handling
const ofMeta: Recorded[] = [
  { title: 'Meta: 190', ...meta(190), is: { ...dead, error: 'OAuthException', codes: [190] } },
  { title: 'Meta: the app was removed', ...meta(190, 458), is: { class: 'A', reason: 'consent_withdrawn' } },
  { title: 'Meta: the password changed', ...meta(190, 460), is: { class: 'A', reason: 'password_changed' } },
  { title: 'Meta: it ran out', ...meta(190, 463), is: { class: 'A', reason: 'inactive' } },
  { title: 'Meta: the user has to log in', ...meta(190, 459), is: { class: 'S', reason: 'user_blocked' } },
  { title: 'Meta: a wrong secret is 1', ...meta(1), is: wrongSecret },
  { title: 'Meta: no such app', ...meta(101), is: { class: 'P', reason: 'app_not_found' } },
  { title: 'Meta: too many calls', ...meta(4), is: { class: 'T', reason: 'throttled' } },
  {
    title: 'Meta: its own trouble comes with 500',
    ...said(500, { error: { type: 'OAuthException', code: 190 } }),
    is: { class: 'T', reason: 'provider_unavailable' },
  },
]

// dev.twitch.tv/docs/authentication/refresh-tokens, github.com/twitchdev/issues/issues/1037
const twitch = (status: number, message: string, error?: string) => said(status, { status, message, error })
const ofTwitch: Recorded[] = [
  {
    title: 'Twitch: invalid refresh token',
    ...twitch(400, 'Invalid refresh token'),
    is: { ...dead, error: 'invalid_refresh_token' },
  },
  {
    title: 'Twitch: invalid refresh token, as documented',
    ...twitch(400, 'Invalid refresh token', 'Bad Request'),
    is: dead,
  },
  {
    title: 'Twitch: invalid client secret',
    ...twitch(403, 'invalid client secret', 'Forbidden'),
    is: wrongSecret,
  },
  {
    title: 'Twitch: invalid client',
    ...twitch(400, 'invalid client'),
    is: { class: 'P', reason: 'client_rejected' },
  },
  {
    title: 'a sentence that only looks like a known one',
    ...said(400, { message: 'Invalid refresh token', error: 'moon_phase' }),
    is: { class: 'C', reason: 'unknown_error', error: 'moon_phase' },
  },
]

// developers.weixin.qq.com/doc/oplatform/en/Return_codes/Return_code_descriptions_new.html
const wechat = (errcode: number) => said(200, { errcode, errmsg: 'rid: 6114eeb9-0032c16a-61fbf7ce' })
const ofWeChat: Recorded[] = [
  { title: 'WeChat: invalid refresh_token', ...wechat(40_030), is: { ...dead, error: 'errcode_40030' } },
  { title: 'WeChat: refresh_token expired', ...wechat(42_002), is: { class: 'A', reason: 'inactive' } },
  {
    title: 'WeChat: the password changed',
    ...wechat(42_007),
    is: { class: 'A', reason: 'password_changed' },
  },
  { title: 'WeChat: invalid appsecret', ...wechat(40_125), is: wrongSecret },
  { title: 'WeChat: invalid appid', ...wechat(40_013), is: { class: 'P', reason: 'app_not_found' } },
  {
    title: 'WeChat: busy',
    ...wechat(-1),
    is: { class: 'T', reason: 'provider_unavailable', inDoubt: true },
  },
  {
    title: 'WeChat: a number nobody knows, after it worked',
    ...wechat(49_999),
    workedBefore: true,
    is: { class: 'T', reason: 'no_token_in_answer', unknownWords: true },
  },
]

/** Refusals in the formats of vendors, with their sources. */
export const recordedVendors: readonly Recorded[] = [
  ...ofSlack,
  ...ofGitHub,
  ...ofHubSpot,
  ...ofFitbit,
  ...ofStrava,
  ...ofMeta,
  ...ofTwitch,
  ...ofWeChat,
  ...otherVendors,
]
