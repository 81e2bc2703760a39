import type { Secret } from '../common/secret.ts'
import type { AppPut } from '../contract/app.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'
import { checkProtocol } from './check-protocol.ts'
import type { Preset } from './preset.ts'
import { dialectOf, presetOf } from './presets.ts'
import { microsoftClash } from './scopes.ts'
import { checkSigningKey, readSigningKey } from './signing-key.ts'

export interface CheckSettings {
  readonly put: AppPut
  /** The settings completed by the preset. */
  readonly config: AppConfig
}

/** An error of a field, or undefined. */
type Rule = (
  asked: CheckSettings & { preset: Preset },
) => readonly [field: string, violation: string] | undefined

const particular = ['issuer', 'grant', 'tenant', 'cloud', 'testing'] as const
/** Microsoft's tenants for any user, which an app without users cannot use. */
const multiTenant = ['common', 'organizations', 'consumers']

const rules: readonly Rule[] = [
  ({ put, preset }) =>
    meaningless(
      put,
      particular.filter((field) => !preset.takes.includes(field)),
    ),
  ({ put, config }) =>
    config.grant === 'jwt_bearer'
      ? meaningless(put, ['clientSecret', 'clientAuth'])
      : meaningless(put, ['serviceKey']),
  ({ put, config }) =>
    config.grant === 'authorization_code' ? undefined : meaningless(put, ['rotation', 'graceSeconds']),
  ({ put, config }) =>
    config.grant === 'jwt_bearer' && put.serviceKey === undefined && put.secrets === undefined
      ? ['serviceKey', `provider ${put.provider} needs the key of the service account`]
      : undefined,
  ({ put, config }) =>
    config.grant === 'client_credentials' && put.clientSecret === undefined && put.secrets === undefined
      ? ['clientSecret', `provider ${put.provider} needs a secret or a key`]
      : undefined,
  ({ put, config }) =>
    config.issuer === undefined && config.tokenUrl === undefined
      ? ['issuer', `provider ${put.provider} needs issuer or tokenUrl`]
      : undefined,
  ({ put }) =>
    put.issuer !== undefined && /[?#]/.test(put.issuer)
      ? ['issuer', 'must have neither query nor fragment']
      : undefined,
  ({ put }) =>
    (put.clientSecret ?? put.serviceKey) !== undefined && put.secrets !== undefined
      ? ['secrets', `give either ${put.serviceKey ? 'serviceKey' : 'clientSecret'} or secrets`]
      : undefined,
  ({ put: { provider }, config }) =>
    dialectOf(config) === 'outlookService' && multiTenant.includes(config.tenant ?? '')
      ? ['tenant', `provider ${provider} needs the id or a domain of one tenant`]
      : undefined,
  ({ put, config: { scopes }, preset }) => {
    const clash = preset.takes.includes('cloud') ? microsoftClash(scopes) : undefined
    const field = put.additionalScopes === undefined ? 'scopes' : 'additionalScopes'
    return clash === undefined ? undefined : [field, `one token cannot have the scopes ${clash}`]
  },
  ({ config }) =>
    dialectOf(config) === 'outlookService' && !config.scopes.every((scope) => scope.endsWith('/.default'))
      ? ['scopes', 'an app with client credentials must request <resource>/.default']
      : undefined,
  checkProtocol,
]

/** Fails with `invalid_config`, naming the field and what is wrong with it. */
export async function checkSettings({ put, config }: CheckSettings): Promise<Result<void>> {
  const preset = presetOf(config)
  for (const rule of rules) {
    const [field, violation] = rule({ put, config, preset }) ?? []
    if (field !== undefined) return fail('invalid_config', `${field}: ${violation}`)
  }
  for (const [field, secrets] of Object.entries({
    serviceKey: put.serviceKey && [put.serviceKey],
    clientSecret: put.clientSecret && [put.clientSecret],
    secrets: put.secrets?.map(({ secret }) => secret),
  })) {
    for (const secret of secrets ?? []) {
      const checked = await checkCredential({ field, secret, config })
      if (!checked.ok) return checked
    }
  }
  return ok(undefined)
}

export interface CheckCredential {
  readonly field: string
  readonly secret: Secret
  readonly config: AppConfig
}

/** Any text is a valid secret, but a private key must be usable. */
export async function checkCredential({ field, secret, config }: CheckCredential): Promise<Result<void>> {
  const invalid = (violation: string) => fail('invalid_config', `${field}: ${violation}`)
  const service = config.grant === 'jwt_bearer'
  try {
    const key = readSigningKey({ secret, rsa: presetOf(config).rsa })
    if (key === undefined)
      return service ? invalid('is not a private key (PEM, or a JSON key file)') : ok(undefined)
    if (key.email !== undefined && key.email !== config.clientId)
      return invalid('is the key of another service account than clientId')
    await checkSigningKey(key)
    return ok(undefined)
  } catch {
    // The parser's message may quote the key.
    return invalid('is not a usable private key')
  }
}

function meaningless(put: AppPut, fields: readonly (keyof AppPut)[]): readonly [string, string] | undefined {
  const field = fields.find((each) => put[each] !== undefined)
  return field && [field, `has no meaning for provider ${put.provider}`]
}
