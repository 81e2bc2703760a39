import type { z } from 'zod'
import { fail, type Result } from '../contract/failures.ts'
import { newIdSchema } from '../contract/fields.ts'
import { parsePayload } from '../contract/parse-payload.ts'
import { type RequestContract, type RequestOf, requests, type Verb, verbs } from '../contract/requests.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'

export interface RequestRoute {
  readonly verb: Verb
  /** What the subject's last token identifies, if the subject has one. */
  readonly of: RequestContract['of']
  readonly subject: string
  readonly payload: z.ZodType
  readonly mayBeEmpty: boolean
  readonly readsToken: boolean
  readonly answer: (call: {
    readonly tokenbus: Tokenbus
    readonly id: string
    readonly payload: Uint8Array
  }) => Promise<Result<unknown>>
}

type Calls = {
  readonly [V in Verb]: (tokenbus: Tokenbus, id: string, request: RequestOf<V>) => Promise<Result<unknown>>
}

const calls: Calls = {
  'token.get': (tokenbus, id, want) => tokenbus.getToken(id, want),
  'token.reject': (tokenbus, id, report) => tokenbus.rejectToken(id, report),
  'account.put': (tokenbus, id, { dryRun, ...put }): Promise<Result<object>> =>
    dryRun ? tokenbus.checkPut(id, put) : tokenbus.putAccount(id, put),
  'account.get': (tokenbus, id) => tokenbus.getAccount(id),
  'account.list': (tokenbus, _, query) => tokenbus.listAccounts(query),
  'account.revoke': (tokenbus, id, how) => tokenbus.revokeAccount(id, how),
  'account.delete': (tokenbus, id, how) => tokenbus.deleteAccount(id, how),
  'account.device': (tokenbus, id, options) => tokenbus.connectDevice(id, options),
  'account.history': (tokenbus, id, query) => tokenbus.accountHistory(id, query),
  'app.put': (tokenbus, id, put) => tokenbus.putApp(id, put),
  'app.get': (tokenbus, id) => tokenbus.getApp(id),
  'app.list': (tokenbus) => tokenbus.listApps(),
  'app.delete': (tokenbus, id, how) => tokenbus.deleteApp(id, how),
  'app.secret.add': (tokenbus, id, secret) => tokenbus.addSecret(id, secret),
  'app.secret.remove': (tokenbus, id, which) => tokenbus.removeSecret(id, which),
  'app.verify': (tokenbus, id, how) => tokenbus.verifyApp(id, how),
  'keys.rotate': (tokenbus, _, page) => tokenbus.rotateKeys(page),
  'events.dead': (tokenbus, _, query) => tokenbus.deadEvents(query),
  'events.retry': (tokenbus, _, which) => tokenbus.retryEvents(which),
  'events.drop': (tokenbus, _, which) => tokenbus.dropEvents(which),
  'upgrade.finish': (tokenbus, _, page) => tokenbus.finishUpgrade(page),
  'api-token.create': (tokenbus, _, options) => tokenbus.createApiToken(options),
  'api-token.list': (tokenbus) => tokenbus.listApiTokens(),
  'api-token.revoke': (tokenbus, id) => tokenbus.revokeApiToken(id),
}

/** All requests of the contract, as endpoints on NATS. */
export const requestRoutes: readonly RequestRoute[] = verbs.map(routeOf)

function routeOf<V extends Verb>(verb: V): RequestRoute {
  const contract: RequestContract = requests[verb]
  const { of, payload: schema, makesId = false, mayBeEmpty = false, readsToken = false } = contract
  return {
    verb,
    of,
    subject: of === undefined ? verb : `${verb}.*`,
    payload: schema,
    mayBeEmpty,
    readsToken,
    async answer({ tokenbus, id, payload }) {
      const named = makesId ? newIdSchema.safeParse(id) : undefined
      if (named?.error) return fail('bad_request', `id: ${named.error.issues[0]?.message}`)
      const parsed = parsePayload(schema, payload, { mayBeEmpty })
      return parsed.ok ? calls[verb](tokenbus, id, parsed.value as RequestOf<V>) : parsed
    },
  }
}
