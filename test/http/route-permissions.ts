/** A request to a route, and the status that each party gets. */
export interface RoutePermissions {
  /** Has the id of another party’s account, app or API token. By default the path of the route. */
  readonly path?: string
  readonly body?: object
  /** An API token with all scopes for the accounts and apps `team-a-*`; the next for all accounts and these apps. */
  readonly someAccounts: number
  readonly someApps: number
  /** An administrator’s cookie, sent by a page on another port of the same host. */
  readonly elsewhere: number
  /** A revoked API token. */
  readonly revoked: number
}

/** A public route, which does not use the session. */
const open = (status: number, row: Partial<RoutePermissions> = {}): RoutePermissions => ({
  someAccounts: status,
  someApps: status,
  elsewhere: status,
  revoked: status,
  ...row,
})
const read = { elsewhere: 200, revoked: 401 }
const change = { elsewhere: 403, revoked: 401 }
const account = '/v1/account/theirs'
const app = '/v1/oauth2/theirs'
const oauth2 = { provider: 'theirs', auth: { user: 'boss@example.com' } }

/** Has an entry for every registered route, which a test checks. */
export const routePermissions: Record<string, RoutePermissions> = {
  'GET /livez': open(200),
  'GET /readyz': open(200),
  'GET /healthz/events': open(200),
  'GET /metrics': open(200),
  'GET /openapi.json': open(200),
  'GET /docs': open(200),
  'GET /': open(200),
  'GET /oauth': open(400),
  'GET /oauth/start': open(400),
  'GET /oauth/connected': open(200),
  'POST /v1/security-events/:app': open(400, { path: '/v1/security-events/theirs' }),
  'POST /session': open(401, { body: { apiToken: 'x' }, elsewhere: 403 }),
  'DELETE /session': open(200, { elsewhere: 403 }),
  'GET /session/token-api': { someAccounts: 403, someApps: 403, ...read },
  'PUT /session/token-api': {
    body: { enabled: true, apiToken: 'x' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/account/:account/oauth-token': {
    path: `${account}/oauth-token`,
    someAccounts: 403,
    someApps: 503,
    elsewhere: 503,
    revoked: 401,
  },
  'POST /v1/account/:account/oauth-token/exchange': {
    path: `${account}/oauth-token/exchange`,
    body: { subjectToken: 'the caller’s' },
    someAccounts: 403,
    someApps: 400,
    elsewhere: 403,
    revoked: 401,
  },
  'POST /v1/account/:account/oauth-token/reject': {
    path: `${account}/oauth-token/reject`,
    body: { generation: 0 },
    someAccounts: 403,
    someApps: 503,
    ...change,
  },
  'GET /v1/account/:account': { path: account, someAccounts: 403, someApps: 200, ...read },
  'GET /v1/account/:account/history': {
    path: `${account}/history`,
    someAccounts: 403,
    someApps: 200,
    ...read,
  },
  'GET /v1/accounts': { someAccounts: 200, someApps: 200, ...read },
  'POST /v1/account': {
    body: { account: 'team-a-new', oauth2 },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/account/:account': {
    path: account,
    body: { oauth2 },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/account/:account': { path: account, someAccounts: 403, someApps: 403, ...change },
  'POST /v1/account/:account/revoke': {
    path: `${account}/revoke`,
    body: {},
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/account/:account/reconnect': {
    path: `${account}/reconnect`,
    body: {},
    someAccounts: 403,
    someApps: 200,
    ...change,
  },
  'POST /v1/account/:account/device': {
    path: `${account}/device`,
    body: { app: 'theirs' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'POST /v1/authentication/form': {
    body: { account: 'theirs', redirectUrl: 'https://app.example.com/' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/oauth2': { someAccounts: 200, someApps: 200, ...read },
  'GET /v1/oauth2/:app': { path: app, someAccounts: 403, someApps: 403, ...read },
  'POST /v1/oauth2': {
    body: { id: 'new', provider: 'gmail', clientId: 'c', clientSecret: 's' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'PUT /v1/oauth2/:app': { path: app, body: { name: 'x' }, someAccounts: 403, someApps: 403, ...change },
  'DELETE /v1/oauth2/:app': { path: app, someAccounts: 403, someApps: 403, ...change },
  'POST /v1/oauth2/:app/secrets': {
    path: `${app}/secrets`,
    body: { secret: 'next' },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/oauth2/:app/secrets/:secret': {
    path: `${app}/secrets/x`,
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'POST /v1/oauth2/:app/verify': {
    path: `${app}/verify`,
    body: {},
    someAccounts: 403,
    someApps: 403,
    ...change,
  },

  'GET /v1/providers': { someAccounts: 200, someApps: 200, ...read },
  'GET /v1/providers/:provider': {
    path: '/v1/providers/google',
    someAccounts: 200,
    someApps: 200,
    ...read,
  },

  'GET /v1/overview': { someAccounts: 403, someApps: 200, ...read },
  'GET /v1/stats': { someAccounts: 403, someApps: 200, ...read },
  'POST /v1/token': { body: { description: 'more' }, someAccounts: 403, someApps: 403, ...change },
  'GET /v1/tokens/account/:account': {
    path: '/v1/tokens/account/alice',
    someAccounts: 403,
    someApps: 403,
    ...read,
  },
  'GET /v1/tokens': { someAccounts: 403, someApps: 403, ...read },
  'DELETE /v1/token/:token': { path: '/v1/token/none', someAccounts: 403, someApps: 403, ...change },
  'GET /v1/api-tokens': { someAccounts: 403, someApps: 403, ...read },
  'POST /v1/api-tokens': {
    body: { name: 'more', scopes: ['admin'] },
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  'DELETE /v1/api-tokens/:id': {
    path: '/v1/api-tokens/none',
    someAccounts: 403,
    someApps: 403,
    ...change,
  },
  // See events.test.ts for which events each party gets.
  'GET /v1/events': { someAccounts: 200, someApps: 200, ...read },
}
