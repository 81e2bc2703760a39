import type { Apps } from '../actors/app-actor.ts'
import { appDisabled, fail, type Result } from '../contract/failures.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { hasConsentPage, spendsRefreshToken } from '../provider/grant-forms.ts'
import { originOf } from '../provider/grant-place.ts'
import { fillParams, type Params } from '../provider/url-params.ts'

export interface ConsentApp {
  readonly apps: Pick<Apps, 'look'>
  readonly app: string
  readonly params: Params | undefined
  /** The name of the field in the request, for error messages. */
  readonly field: string
  /** A device authorization, which has no redirect. */
  readonly onDevice?: boolean
}

/** The settings of an app that can be connected by consent, with its URLs filled in. */
export async function consentApp({
  apps,
  app,
  params = {},
  field,
  onDevice = false,
}: ConsentApp): Promise<Result<AppConfig>> {
  const { config } = await apps.look(app)
  if (config === null) return fail('app_not_found', `${field}: there is no such app`)
  if (config.enabled === false) return appDisabled()
  if (onDevice ? spendsRefreshToken(config) : hasConsentPage(config))
    return fillParams(config, params, { beforeCallback: !onDevice })
  return fail('invalid_config', `${field}: accounts of this app need nobody to consent`)
}

/** Identifies the endpoint at which a code may be redeemed. */
export const redeemsAt = ({ tokenUrl, issuer }: AppConfig): string | undefined => originOf(tokenUrl ?? issuer)
