import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import {
  type AppPut,
  type AppView,
  appSchema,
  appSecretAddSchema,
  appVerificationSchema,
  appVerifySchema,
} from '../contract/app.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { idSchema, newIdSchema, revised } from '../contract/fields.ts'
import { covers, hasScope, type Principal } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { appChangeSchema, appCreateSchema, appPatchOf } from './app-body.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

const ofApp = z.object({ app: idSchema })
const readers = ['app:write', 'events:read'] as const
const read = { scopes: readers, app: { path: 'app' } } as const
/** Changes of an app affect all its accounts. */
const write = { scopes: ['app:write'], app: { path: 'app' }, all: ['accounts'] } as const
const appView = appSchema.extend({ id: idSchema })
const usualPage = 20

/** OAuth2 apps, with EmailEngine's field names or those of `app.put`. */
export function appRoutes({ tokenbus }: { tokenbus: Tokenbus }): Route[] {
  return [
    route({
      method: 'POST',
      url: '/v1/oauth2',
      summary: 'Make an app',
      access: { scopes: ['app:write'], app: { field: 'id' }, all: ['accounts'] },
      body: appCreateSchema,
      answer: z.strictObject({ id: z.string(), created: z.literal(true), ...revised }),
      checksVersion: true,
      async handle({ body: { id = randomBytes(9).toString('base64url'), ...body }, principal, ifVersion }) {
        const allowed = mayMoveGrants(body, principal as Principal)
        if (!allowed.ok) return allowed
        const put = appPatchOf(body, body.provider)
        if (put.clientId === undefined) return fail('bad_request', 'clientId: required')
        if (ifVersion !== undefined && ifVersion !== 0)
          return fail('conflict', 'ifVersion: must be 0, or if-none-match *, because this only creates')
        const made = await tokenbus.putApp(id, { ...(put as AppPut), ifVersion: 0 })
        if (!made.ok && made.failure.error === 'conflict' && ifVersion === undefined)
          return fail('conflict', 'id: an app with this id exists; change it with PUT')
        return made.ok ? ok({ id, created: true, ...revisedOf(made.value) }) : made
      },
    }),
    route({
      method: 'GET',
      url: '/v1/oauth2',
      summary: 'The apps that the API token covers, with secrets as ***',
      access: { scopes: readers },
      query: z.strictObject({
        page: fromText.number(z.int().min(0)).optional().describe('from 0'),
        pageSize: fromText.number(z.int().min(1).max(1_000)).optional(),
      }),
      answer: z.strictObject({ total: z.int(), page: z.int(), pages: z.int(), apps: z.array(appView) }),
      async handle({ query: { page = 0, pageSize = usualPage }, principal }) {
        const all = await tokenbus.listApps()
        if (!all.ok) return all
        const apps = all.value.apps.filter(({ app }) => covers((principal as Principal).apps, app))
        const shown = apps.slice(page * pageSize, (page + 1) * pageSize).map(withId)
        return ok({ total: apps.length, page, pages: Math.ceil(apps.length / pageSize), apps: shown })
      },
    }),
    route({
      method: 'GET',
      url: '/v1/oauth2/:app',
      summary: 'One app, with secrets as ***',
      access: read,
      params: ofApp,
      answer: appView,
      handle: async ({ params }) => seen(await tokenbus.getApp(params.app)),
    }),
    route({
      method: 'PUT',
      url: '/v1/oauth2/:app',
      summary: 'Change some settings of an app; the others are kept',
      access: write,
      params: z.object({ app: newIdSchema }),
      body: appChangeSchema,
      answer: z.strictObject({ id: z.string(), updated: z.literal(true), ...revised }),
      checksVersion: true,
      async handle({ params: { app: id }, body, principal, ifVersion }) {
        const allowed = mayMoveGrants(body, principal as Principal)
        if (!allowed.ok) return allowed
        const updated = await tokenbus.updateApp(id, ({ provider }) =>
          ok(appPatchOf({ ...body, ifVersion }, body.provider ?? provider)),
        )
        return updated.ok ? ok({ id, updated: true, ...revisedOf(updated.value) }) : updated
      },
    }),
    route({
      method: 'DELETE',
      url: '/v1/oauth2/:app',
      summary: 'Delete an app without accounts',
      access: write,
      params: ofApp,
      answer: z.strictObject({ id: z.string(), deleted: z.literal(true) }),
      checksVersion: true,
      async handle({ params: { app: id }, ifVersion }) {
        const deleted = await tokenbus.deleteApp(id, { ifVersion })
        return deleted.ok ? ok({ id, deleted: true }) : deleted
      },
    }),
    route({
      method: 'POST',
      url: '/v1/oauth2/:app/secrets',
      summary: 'Add a client secret; accounts that waited for one refresh at once',
      access: write,
      params: ofApp,
      body: appSecretAddSchema,
      answer: appView,
      checksVersion: true,
      handle: async ({ params, body, ifVersion }) =>
        seen(await tokenbus.addSecret(params.app, { ...body, ifVersion })),
    }),
    route({
      method: 'DELETE',
      url: '/v1/oauth2/:app/secrets/:secret',
      summary: 'Remove a client secret by its id',
      access: write,
      params: ofApp.extend({ secret: z.string().min(1).max(64) }),
      answer: appView,
      checksVersion: true,
      handle: async ({ params, ifVersion }) =>
        seen(await tokenbus.removeSecret(params.app, { id: params.secret, ifVersion })),
    }),
    route({
      method: 'POST',
      url: '/v1/oauth2/:app/verify',
      summary: 'Verify the settings of an app at its provider, step by step, without changing it',
      access: write,
      params: ofApp,
      body: appVerifySchema,
      bodyOptional: true,
      answer: appVerificationSchema,
      handle: ({ params, body }) => tokenbus.verifyApp(params.app, body),
    }),
  ]
}

const revisedOf = ({ version, revision }: AppView) => ({ version, revision })
const withId = (view: AppView) => ({ id: view.app, ...view })

function seen(app: Result<AppView>): Result<unknown> {
  return app.ok ? ok(withId(app.value)) : app
}

/** Permission to change apps does not include moving grants to other origins. */
function mayMoveGrants(
  { moveGrants }: { moveGrants?: boolean | undefined },
  principal: Principal,
): Result<void> {
  if (!moveGrants || hasScope(principal, ['admin'])) return ok(undefined)
  return fail('forbidden', 'moveGrants: needs an API token with scope admin')
}
