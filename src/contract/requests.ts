import { z } from 'zod'
import {
  accountDeletedSchema,
  accountDeleteSchema,
  accountDeviceReplySchema,
  accountDeviceSchema,
  accountHistorySchema,
  accountListSchema,
  accountPageSchema,
  accountPutCheckSchema,
  accountPutReplySchema,
  accountPutRequestSchema,
  accountRevokedSchema,
  accountRevokeSchema,
  accountSchema,
  accountTransitionsSchema,
} from './account.ts'
import {
  apiTokenCreateSchema,
  apiTokenMadeSchema,
  apiTokenRevokedSchema,
  apiTokensSchema,
} from './api-token.ts'
import {
  appDeletedSchema,
  appDeleteSchema,
  appPageSchema,
  appPutSchema,
  appSchema,
  appSecretAddSchema,
  appSecretRemoveSchema,
  appVerificationSchema,
  appVerifySchema,
} from './app.ts'
import {
  deadEventsSchema,
  eventsDeadSchema,
  eventsDroppedSchema,
  eventsRetriedSchema,
  eventsWhichSchema,
  keysRotatedSchema,
  keysRotateSchema,
  upgradeFinishSchema,
  upgradePageSchema,
} from './maintenance.ts'
import { tokenGetSchema, tokenRejectSchema, tokenSchema } from './token.ts'

/** One verb: its payload and its reply. */
export interface RequestContract {
  /** What the last token of the subject identifies, if the subject has one. */
  readonly of?: 'account' | 'app' | 'api-token'
  /** The verb may create it, so the id is checked more strictly. */
  readonly makesId?: true
  readonly payload: z.ZodType
  /** An empty payload counts as `{}`. Only for verbs that change nothing. */
  readonly mayBeEmpty?: true
  /** Strict: no other field is sent. */
  readonly reply: z.ZodObject | z.ZodUnion
  /** The reply contains a token, so the read is audited. */
  readonly readsToken?: true
}

const nothing = z.strictObject({})

/** All requests that tokenbus answers, by verb. */
export const requests = {
  'token.get': {
    of: 'account',
    payload: tokenGetSchema,
    mayBeEmpty: true,
    reply: tokenSchema,
    readsToken: true,
  },
  'token.reject': { of: 'account', payload: tokenRejectSchema, reply: tokenSchema, readsToken: true },
  'account.put': {
    of: 'account',
    makesId: true,
    payload: accountPutRequestSchema,
    reply: z.union([accountPutReplySchema, accountPutCheckSchema]),
  },
  'account.get': { of: 'account', payload: nothing, mayBeEmpty: true, reply: accountSchema },
  'account.list': { payload: accountListSchema, mayBeEmpty: true, reply: accountPageSchema },
  'account.revoke': { of: 'account', payload: accountRevokeSchema, reply: accountRevokedSchema },
  'account.delete': { of: 'account', payload: accountDeleteSchema, reply: accountDeletedSchema },
  'account.device': {
    of: 'account',
    makesId: true,
    payload: accountDeviceSchema,
    reply: accountDeviceReplySchema,
  },
  'account.history': {
    of: 'account',
    payload: accountHistorySchema,
    mayBeEmpty: true,
    reply: accountTransitionsSchema,
  },
  'app.put': { of: 'app', makesId: true, payload: appPutSchema, reply: appSchema },
  'app.get': { of: 'app', payload: nothing, mayBeEmpty: true, reply: appSchema },
  'app.list': { payload: nothing, mayBeEmpty: true, reply: appPageSchema },
  'app.delete': { of: 'app', payload: appDeleteSchema, reply: appDeletedSchema },
  'app.secret.add': { of: 'app', payload: appSecretAddSchema, reply: appSchema },
  'app.secret.remove': { of: 'app', payload: appSecretRemoveSchema, reply: appSchema },
  'app.verify': { of: 'app', payload: appVerifySchema, mayBeEmpty: true, reply: appVerificationSchema },
  'keys.rotate': { payload: keysRotateSchema, reply: keysRotatedSchema },
  'events.dead': { payload: eventsDeadSchema, mayBeEmpty: true, reply: deadEventsSchema },
  'events.retry': { payload: eventsWhichSchema, reply: eventsRetriedSchema },
  'events.drop': { payload: eventsWhichSchema, reply: eventsDroppedSchema },
  'upgrade.finish': { payload: upgradeFinishSchema, reply: upgradePageSchema },
  'api-token.create': { payload: apiTokenCreateSchema, reply: apiTokenMadeSchema },
  'api-token.list': { payload: nothing, mayBeEmpty: true, reply: apiTokensSchema },
  'api-token.revoke': { of: 'api-token', payload: nothing, reply: apiTokenRevokedSchema },
} as const satisfies Readonly<Record<string, RequestContract>>

export type Verb = keyof typeof requests
export type RequestOf<V extends Verb> = z.output<(typeof requests)[V]['payload']>

export const verbs = Object.keys(requests) as Verb[]
