import { z } from 'zod'
import { appPutSchema } from '../contract/app.ts'
import { jsonSchemaOf } from '../contract/json-schema.ts'
import type { CatalogueEntry } from './catalogue-entry.ts'
import { ofCode, ofConsent } from './check-protocol.ts'
import { type Grant, grantOf } from './preset.ts'

type Setting = keyof typeof appPutSchema.shape

/** The settings an operator fills in first, in this order. */
const usual: readonly Setting[] = [
  'name',
  'clientId',
  'clientSecret',
  'serviceKey',
  'grant',
  'tenant',
  'cloud',
  'issuer',
  'testing',
  'additionalScopes',
]
/** Of the request, not of the app. */
const notSettings: readonly string[] = ['ifVersion', 'provider', 'secrets', 'moveGrants'] satisfies Setting[]
const takenByFew: readonly string[] = ['issuer', 'grant', 'tenant', 'cloud', 'testing'] satisfies Setting[]
const consentAlone: readonly Setting[] = [
  ...ofCode,
  ...ofConsent,
  'rotation',
  'graceSeconds',
  'authorizeUrl',
  'deviceUrl',
]

export const providerSettingSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  required: z.boolean(),
  usual: z.boolean().describe('to be filled in as a rule, not in special cases alone'),
  secret: z.boolean(),
  default: z.unknown().optional().describe('what the catalogue has'),
  schema: z.record(z.string(), z.unknown()).describe('JSON Schema'),
})
export type ProviderSetting = z.output<typeof providerSettingSchema>

/** All settings of `app.put` that apply to apps of this provider. */
export function settingsOf({ takes, settings }: CatalogueEntry): ProviderSetting[] {
  const grant: Grant = grantOf(settings)
  const names = (Object.keys(appPutSchema.shape) as Setting[]).filter(
    (name) => !notSettings.includes(name) && means(name, { takes, grant }),
  )
  const rank = (name: Setting) => (usual.includes(name) ? usual.indexOf(name) : usual.length)
  return names
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => {
      const { description = '', ...schema } = jsonSchemaOf(appPutSchema.shape[name])
      const known = settings[name as keyof typeof settings]
      return {
        name,
        description,
        required: isRequired(name, { grant, settings }),
        usual: usual.includes(name),
        secret: name === 'clientSecret' || name === 'serviceKey',
        ...(known !== undefined && { default: known }),
        schema,
      }
    })
}

function means(name: Setting, { takes, grant }: { takes: CatalogueEntry['takes']; grant: Grant }): boolean {
  const isEitherGrant = takes.includes('grant')
  if (takenByFew.includes(name)) return takes.includes(name as 'issuer')
  if (name === 'serviceKey') return grant === 'jwt_bearer'
  if (name === 'clientSecret' || name === 'clientAuth') return grant !== 'jwt_bearer'
  return !consentAlone.includes(name) || grant === 'authorization_code' || isEitherGrant
}

function isRequired(
  name: Setting,
  { grant, settings }: { grant: Grant; settings: CatalogueEntry['settings'] },
): boolean {
  if (name === 'clientId') return true
  if (name === 'serviceKey') return grant === 'jwt_bearer'
  if (name === 'clientSecret') return grant === 'client_credentials'
  return name === 'issuer' && settings.tokenUrl === undefined
}
