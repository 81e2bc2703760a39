import { z } from 'zod'
import { type AppPatch, type AppPut, appPutSchema } from '../contract/app.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { newIdSchema } from '../contract/fields.ts'
import { settingsOf } from '../import/emailengine-app.ts'

const { clientId, tenant, additionalScopes } = appPutSchema.shape

/** EmailEngine's words for what `app.put` calls otherwise; what else its clients send is ignored. */
const emailEngineWords = {
  authority: tenant.describe('tenant'),
  extraScopes: additionalScopes,
  skipScopes: additionalScopes,
  baseScopes: z.enum(['imap', 'api']).optional(),
  serviceClient: clientId.optional(),
  serviceClientEmail: clientId.optional(),
  enabled: z.boolean().optional(),
}

const changes = { ...appPutSchema.partial().shape, ...emailEngineWords }

export const appCreateSchema = z.object({
  id: newIdSchema.optional(),
  ...changes,
  provider: appPutSchema.shape.provider,
})
export const appChangeSchema = z.object(changes)

/** What such a body changes of an app of this provider. */
export function appPatchOf(
  {
    authority,
    extraScopes,
    skipScopes,
    baseScopes,
    serviceClient,
    serviceClientEmail,
    enabled,
    ...own
  }: z.output<typeof appChangeSchema>,
  provider: AppPut['provider'],
): Result<AppPatch> {
  if (enabled === false) return fail('invalid_config', 'enabled: an app cannot be switched off; delete it')
  const words = { authority, extraScopes, skipScopes, baseScopes, serviceClient, serviceClientEmail }
  const said = Object.entries(own).filter(([, value]) => value !== undefined)
  return ok({
    // Who says what all the scopes are says that there are no others.
    ...(own.scopes && { additionalScopes: [] }),
    ...settingsOf(provider, words),
    ...Object.fromEntries(said),
  } as AppPatch)
}
