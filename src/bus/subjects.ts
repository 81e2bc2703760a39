import { z } from 'zod'
import type { EventType } from '../contract/events.ts'
import { fail, type Result } from '../contract/failures.ts'
import { parsePayload } from '../contract/parse-payload.ts'
import {
  accountDeleteSchema,
  accountHistorySchema,
  accountListSchema,
  accountPutRequestSchema,
  accountRevokeSchema,
  apiTokenCreateSchema,
  appDeleteSchema,
  appPutSchema,
  appSecretAddSchema,
  appSecretRemoveSchema,
  appVerifySchema,
  eventsDeadSchema,
  eventsWhichSchema,
  keysRotateSchema,
  newIdSchema,
  tokenGetSchema,
  tokenRejectSchema,
  upgradeFinishSchema,
} from '../contract/requests.ts'
import { encodeId } from '../contract/subject-token.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'

export interface RequestRoute {
  readonly verb: string
  /** What the subject's last token names, if it has one. */
  readonly of: 'account' | 'app' | 'api-token' | undefined
  readonly subject: string
  readonly payload: z.ZodType
  /** An empty payload is taken for `{}`. Only for what changes nothing. */
  readonly mayBeEmpty: boolean
  /** What it answers is a token: that is audited. */
  readonly readsToken: boolean
  readonly answer: (call: {
    readonly tokenbus: Tokenbus
    readonly id: string
    readonly payload: Uint8Array
  }) => Promise<Result<unknown>>
}

const nothing = z.strictObject({})

/** Every request tokenbus answers over NATS. */
export const requests: readonly RequestRoute[] = [
  request({
    verb: 'token.get',
    of: 'account',
    schema: tokenGetSchema,
    mayBeEmpty: true,
    readsToken: true,
    call: (tokenbus, id, want) => tokenbus.getToken(id, want),
  }),
  request({
    verb: 'token.reject',
    of: 'account',
    schema: tokenRejectSchema,
    readsToken: true,
    call: (tokenbus, id, report) => tokenbus.rejectToken(id, report),
  }),
  request({
    verb: 'account.put',
    of: 'account',
    makesId: true,
    schema: accountPutRequestSchema,
    call: (tokenbus, id, { dryRun, ...put }): Promise<Result<object>> =>
      dryRun ? tokenbus.checkPut(id, put) : tokenbus.putAccount(id, put),
  }),
  request({
    verb: 'account.get',
    of: 'account',
    schema: nothing,
    mayBeEmpty: true,
    call: (tokenbus, id) => tokenbus.getAccount(id),
  }),
  request({
    verb: 'account.list',
    of: undefined,
    schema: accountListSchema,
    mayBeEmpty: true,
    call: (tokenbus, _none, query) => tokenbus.listAccounts(query),
  }),
  request({
    verb: 'account.revoke',
    of: 'account',
    schema: accountRevokeSchema,
    call: (tokenbus, id, how) => tokenbus.revokeAccount(id, how),
  }),
  request({
    verb: 'account.delete',
    of: 'account',
    schema: accountDeleteSchema,
    call: (tokenbus, id, how) => tokenbus.deleteAccount(id, how),
  }),
  request({
    verb: 'account.history',
    of: 'account',
    schema: accountHistorySchema,
    mayBeEmpty: true,
    call: (tokenbus, id, query) => tokenbus.accountHistory(id, query),
  }),
  request({
    verb: 'app.put',
    of: 'app',
    makesId: true,
    schema: appPutSchema,
    call: (tokenbus, id, put) => tokenbus.putApp(id, put),
  }),
  request({
    verb: 'app.get',
    of: 'app',
    schema: nothing,
    mayBeEmpty: true,
    call: (tokenbus, id) => tokenbus.getApp(id),
  }),
  request({
    verb: 'app.list',
    of: undefined,
    schema: nothing,
    mayBeEmpty: true,
    call: (tokenbus) => tokenbus.listApps(),
  }),
  request({
    verb: 'app.delete',
    of: 'app',
    schema: appDeleteSchema,
    call: (tokenbus, id, how) => tokenbus.deleteApp(id, how),
  }),
  request({
    verb: 'app.secret.add',
    of: 'app',
    schema: appSecretAddSchema,
    call: (tokenbus, id, secret) => tokenbus.addSecret(id, secret),
  }),
  request({
    verb: 'app.secret.remove',
    of: 'app',
    schema: appSecretRemoveSchema,
    call: (tokenbus, id, which) => tokenbus.removeSecret(id, which),
  }),
  request({
    verb: 'app.verify',
    of: 'app',
    schema: appVerifySchema,
    mayBeEmpty: true,
    call: (tokenbus, id, how) => tokenbus.verifyApp(id, how),
  }),
  request({
    verb: 'keys.rotate',
    of: undefined,
    schema: keysRotateSchema,
    call: (tokenbus, _none, page) => tokenbus.rotateKeys(page),
  }),
  request({
    verb: 'events.dead',
    of: undefined,
    schema: eventsDeadSchema,
    mayBeEmpty: true,
    call: (tokenbus, _none, query) => tokenbus.deadEvents(query),
  }),
  request({
    verb: 'events.retry',
    of: undefined,
    schema: eventsWhichSchema,
    call: (tokenbus, _none, which) => tokenbus.retryEvents(which),
  }),
  request({
    verb: 'events.drop',
    of: undefined,
    schema: eventsWhichSchema,
    call: (tokenbus, _none, which) => tokenbus.dropEvents(which),
  }),
  request({
    verb: 'upgrade.finish',
    of: undefined,
    schema: upgradeFinishSchema,
    call: (tokenbus, _none, page) => tokenbus.finishUpgrade(page),
  }),
  request({
    verb: 'api-token.create',
    of: undefined,
    schema: apiTokenCreateSchema,
    call: (tokenbus, _none, wish) => tokenbus.createApiToken(wish),
  }),
  request({
    verb: 'api-token.list',
    of: undefined,
    schema: nothing,
    mayBeEmpty: true,
    call: (tokenbus) => tokenbus.listApiTokens(),
  }),
  request({
    verb: 'api-token.revoke',
    of: 'api-token',
    schema: nothing,
    call: (tokenbus, id) => tokenbus.revokeApiToken(id),
  }),
]

/** Which stream holds which events. Never `token.>`: JetStream would answer `token.get` before we do. */
export const streams = {
  TOKENBUS_EVENTS: [
    'token.refreshed',
    'token.invalid',
    'account.grant-expiring',
    'account.removed',
    'app.secret-expiring',
    'app.secret-expired',
    'app.secret-restored',
    'app.refused',
  ],
  TOKENBUS_HISTORY: ['account.transition'],
} as const satisfies Record<string, readonly EventType[]>

export type StreamName = keyof typeof streams

export const eventTypes: readonly EventType[] = Object.values(streams).flat()

/** Under this name `$SRV.INFO` tells the id of the key a node seals with. */
export const sealingKey = 'sealing-key'

/** Under these names `$SRV.INFO` tells the newest level a node can write, and the one it writes. */
export const newestLevelName = 'newest-level'
export const writeLevelName = 'write-level'

/** Told by the node that revoked an API token, so that no other one goes on accepting it. */
export const apiTokenRevoked = 'api-token.revoked'

/** Every save, for the nodes alone: what they remember of the record is old. */
export const changedSubject = 'tokenbus.changed'

export function streamOf(type: EventType): StreamName {
  return type === 'account.transition' ? 'TOKENBUS_HISTORY' : 'TOKENBUS_EVENTS'
}

export function streamSubjects(name: StreamName): string[] {
  return streams[name].map((type) => `${type}.*`)
}

export function eventSubject(type: EventType, id: string): string {
  return `${type}.${encodeId(id)}`
}

function request<S extends z.ZodType>({
  verb,
  of,
  schema,
  makesId = false,
  mayBeEmpty = false,
  readsToken = false,
  call,
}: Pick<RequestRoute, 'verb' | 'of'> & {
  schema: S
  /** Is the id one that may be new? */
  makesId?: boolean
  mayBeEmpty?: boolean
  readsToken?: boolean
  call: (tokenbus: Tokenbus, id: string, payload: z.output<S>) => Promise<Result<unknown>>
}): RequestRoute {
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
      return parsed.ok ? call(tokenbus, id, parsed.value) : parsed
    },
  }
}
