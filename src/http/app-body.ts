import { z } from 'zod'
import { type AppPatch, type AppPut, appPutSchema } from '../contract/app.ts'
import { newIdSchema } from '../contract/fields.ts'
import { settingsOf } from '../import/emailengine-app.ts'

const { clientId, tenant, additionalScopes } = appPutSchema.shape

/** EmailEngine's names for fields of `app.put`; other fields are ignored. */
const emailEngineWords = {
  authority: tenant.describe('tenant'),
  extraScopes: additionalScopes,
  skipScopes: additionalScopes,
  baseScopes: z.enum(['imap', 'api']).optional(),
  serviceClient: clientId.optional(),
  serviceClientEmail: clientId.optional(),
}

const own = appPutSchema.partial().shape
const changes = { ...own, ...emailEngineWords }
/** Required fields, and fields that are no settings. */
const notReset = [
  'provider',
  'clientId',
  'clientSecret',
  'secrets',
  'serviceKey',
  'ifVersion',
  'moveGrants',
] as const
type Resettable = Exclude<keyof typeof own, (typeof notReset)[number]>

const resettable = Object.fromEntries(
  Object.entries(own)
    .filter(([name]) => !notReset.includes(name as (typeof notReset)[number]))
    .map(([name, schema]) => [name, schema.nullable()]),
) as unknown as { [Name in Resettable]: z.ZodNullable<(typeof own)[Name]> }

export const appCreateSchema = z.object({
  id: newIdSchema.optional(),
  ...changes,
  provider: appPutSchema.shape.provider,
})
/** Null resets a setting to the catalogue's value. */
export const appChangeSchema = z.object({ ...changes, ...resettable })

/** Converts such a body to a change of an app of this provider. */
export function appPatchOf(
  {
    authority,
    extraScopes,
    skipScopes,
    baseScopes,
    serviceClient,
    serviceClientEmail,
    ...own
  }: z.output<typeof appChangeSchema>,
  provider: AppPut['provider'],
): AppPatch {
  const words = { authority, extraScopes, skipScopes, baseScopes, serviceClient, serviceClientEmail }
  const given = Object.entries(own).filter(([, value]) => value !== undefined)
  const reset = given.filter(([, value]) => value === null).map(([name]) => name)
  const said = given.filter(([, value]) => value !== null)
  return {
    // A complete list of scopes leaves no additional ones.
    ...(own.scopes && { additionalScopes: [] }),
    ...settingsOf(provider, words),
    ...Object.fromEntries(said),
    ...(reset.length > 0 && { reset }),
  } as AppPatch
}
