import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Consent } from '../consent/consent.ts'
import {
  accountDeletedSchema,
  accountDeviceReplySchema,
  accountDeviceSchema,
  accountHistorySchema,
  accountRevokedSchema,
  accountRevokeSchema,
  accountSchema,
  accountTransitionsSchema,
} from '../contract/account.ts'
import { accountNotFound, fail, ok } from '../contract/failures.ts'
import { idSchema, newIdSchema, revised } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { accountChangeSchema, accountPutOf, accountRegisterSchema } from './account-body.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

export interface AccountRoutesOptions {
  readonly tokenbus: Tokenbus
  readonly consent: Pick<Consent, 'begin'>
  readonly publicUrl: () => string
}

const ofAccount = z.strictObject({ account: idSchema })
const ofNewAccount = z.strictObject({ account: newIdSchema })

/** Scopes that imply read access. */
export const accountReaders = ['account:write', 'events:read'] as const
const read = { scopes: accountReaders, account: { path: 'account' } } as const
const write = { scopes: ['account:write'], account: { path: 'account' } } as const

/** EmailEngine's fields, and our own. */
export function accountRoutes({ tokenbus, consent, publicUrl }: AccountRoutesOptions): Route[] {
  return [
    route({
      method: 'POST',
      url: '/v1/account',
      summary: 'Register an account with its tokens, or start its consent',
      access: { scopes: ['account:write'], account: { field: 'account' } },
      body: accountRegisterSchema,
      answer: z.union([
        ofAccount.extend({ state: z.enum(['new', 'existing']), ...revised }),
        z.strictObject({ redirect: z.url() }),
      ]),
      checksVersion: true,
      async handle({ body, principal, ifVersion }) {
        const { account: named = null, oauth2, ...about } = body
        if (oauth2.authorize) {
          if (ifVersion !== undefined)
            return fail(
              'bad_request',
              'ifVersion: must not be combined with oauth2.authorize, which stores nothing',
            )
          const { provider: app, redirectUrl = `${publicUrl()}/` } = oauth2
          const by = principal as Principal
          const begun = await consent.begin({ ...about, account: named, app, redirectUrl, by })
          return begun.ok ? ok({ redirect: begun.value.url }) : begun
        }
        const account = named ?? randomUUID()
        const put = await tokenbus.patchAccount(
          account,
          (known) => accountPutOf({ ...body, ifVersion }, known),
          { by: principal },
        )
        if (!put.ok) return put
        const { created, version, revision } = put.value
        return ok({ account, state: created ? 'new' : 'existing', version, revision })
      },
    }),
    route({
      method: 'GET',
      url: '/v1/account/:account',
      summary: 'One account: its state, reason and action, without secrets',
      access: read,
      params: ofAccount,
      answer: accountSchema,
      handle: ({ params }) => tokenbus.getAccount(params.account),
    }),
    route({
      method: 'PUT',
      url: '/v1/account/:account',
      summary: 'Update the grant or the settings of an account; with oauth2.partial other fields are kept',
      access: write,
      params: ofNewAccount,
      body: accountChangeSchema,
      answer: ofAccount.extend(revised),
      checksVersion: true,
      async handle({ params: { account }, body, principal, ifVersion }) {
        const change = { ...body, ifVersion }
        const put = await tokenbus.patchAccount(
          account,
          (known) => (known === undefined ? accountNotFound(account) : accountPutOf(change, known)),
          { by: principal },
        )
        return put.ok ? ok({ account, version: put.value.version, revision: put.value.revision }) : put
      },
    }),
    route({
      method: 'DELETE',
      url: '/v1/account/:account',
      summary: 'Delete an account and its tokens',
      access: write,
      params: ofAccount,
      query: z.strictObject({
        revoke: fromText.boolean().optional().describe('also revoke its grant at the provider'),
      }),
      answer: accountDeletedSchema,
      checksVersion: true,
      handle: ({ params, query: { revoke = false }, principal, ifVersion }) =>
        tokenbus.deleteAccount(params.account, { revokeAtProvider: revoke, ifVersion }, { by: principal }),
    }),
    route({
      method: 'POST',
      url: '/v1/account/:account/revoke',
      summary: 'Revoke an account: no token is served until it is connected again',
      access: write,
      params: ofAccount,
      body: accountRevokeSchema,
      answer: accountRevokedSchema,
      checksVersion: true,
      handle: ({ params, body, principal, ifVersion }) =>
        tokenbus.revokeAccount(params.account, { ...body, ifVersion }, { by: principal }),
    }),
    route({
      method: 'PUT',
      url: '/v1/account/:account/reconnect',
      summary: 'Refresh an account now; false if that is impossible or has failed',
      access: write,
      params: ofAccount,
      body: z.object({ reconnect: z.boolean().default(true) }),
      answer: z.strictObject({ reconnect: z.boolean() }),
      async handle({ params: { account }, body: { reconnect } }) {
        if (!reconnect) return ok({ reconnect })
        const refreshed = await tokenbus.getToken(account, { forceRefresh: true })
        if (!refreshed.ok && refreshed.failure.error === 'account_not_found') return refreshed
        return ok({ reconnect: refreshed.ok })
      },
    }),
    route({
      method: 'POST',
      url: '/v1/account/:account/device',
      summary: 'Start consent on another device (RFC 8628)',
      access: write,
      params: ofNewAccount,
      body: accountDeviceSchema,
      answer: accountDeviceReplySchema,
      handle: ({ params, body, principal }) =>
        tokenbus.connectDevice(params.account, body, { by: principal }),
    }),
    route({
      method: 'GET',
      url: '/v1/account/:account/history',
      summary: 'Its recorded transitions, oldest first',
      access: read,
      params: ofAccount,
      query: z.strictObject({
        limit: fromText.number(accountHistorySchema.shape.limit.unwrap()).optional(),
      }),
      answer: accountTransitionsSchema,
      handle: ({ params, query: { limit } }) =>
        tokenbus.accountHistory(params.account, { ...(limit !== undefined && { limit }) }),
    }),
  ]
}
