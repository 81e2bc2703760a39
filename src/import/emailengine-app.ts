import { z } from 'zod'
import { type AppPut, appPutSchema } from '../contract/app.ts'
import { presets } from '../provider/presets.ts'
import type { Opener } from './emailengine-seal.ts'
import type { AppRow } from './rows.ts'

const text = z.string().min(1).nullish()
const scopes = z.array(z.string()).nullish()

/** The fields of an EmailEngine app record that tokenbus uses. */
const appSchema = z.looseObject({
  provider: z.string(),
  enabled: z.boolean().nullish(),
  clientId: text,
  clientSecret: text,
  authority: text,
  cloud: text,
  baseScopes: text,
  extraScopes: scopes,
  skipScopes: scopes,
  serviceClient: text,
  serviceClientEmail: text,
  serviceKey: text,
})

export type EmailEngineApp = z.output<typeof appSchema>

/** Providers of service accounts, whose accounts have no grant of their own. */
export const serviceProviders: ReadonlySet<string> = new Set(['gmailService', 'outlookService'])

/** The scopes of EmailEngine's apps that use the provider's API instead of IMAP. */
const apiScopes: Readonly<Record<string, readonly string[]>> = {
  gmail: ['https://www.googleapis.com/auth/gmail.modify'],
  outlook: [
    'https://graph.microsoft.com/Mail.ReadWrite',
    'https://graph.microsoft.com/Mail.Send',
    'offline_access',
  ],
}

export function parseApp(data: unknown): EmailEngineApp | undefined {
  return appSchema.safeParse(data).data
}

/** The encrypted values of an app. */
export const secretsOf = ({ clientSecret, serviceKey }: EmailEngineApp): string[] =>
  [clientSecret, serviceKey].filter((value) => typeof value === 'string')

/** Rejects with `DoesNotOpen`. */
export async function appRow(id: string, app: EmailEngineApp, { open }: Opener): Promise<AppRow> {
  if (app.baseScopes === 'pubsub') return { id, skip: 'it is for Pub/Sub, not for accounts' }
  const { provider } = app
  if (presets[provider] === undefined) return { id, skip: `provider ${provider} is not supported` }
  const put = appPutSchema.safeParse({
    provider,
    ...settingsOf(provider, app),
    ...(app.enabled === false && { enabled: false }),
    ...(app.clientSecret && { clientSecret: (await open(app.clientSecret)).reveal() }),
    ...(app.serviceKey && { serviceKey: (await open(app.serviceKey)).reveal() }),
  })
  if (put.success) return { id, put: put.data }
  const [issue] = put.error.issues
  return { id, fail: `${issue?.path.join('.')}: ${issue?.message}` }
}

type Words = Pick<
  EmailEngineApp,
  | 'clientId'
  | 'authority'
  | 'cloud'
  | 'baseScopes'
  | 'extraScopes'
  | 'skipScopes'
  | 'serviceClient'
  | 'serviceClientEmail'
>

/** Maps an app's settings to those of tokenbus, without secrets. */
export function settingsOf(provider: AppPut['provider'], app: Words) {
  const ofService = provider === 'gmailService' ? (app.serviceClientEmail ?? app.serviceClient) : undefined
  const clientId = ofService ?? app.clientId
  return {
    ...(clientId && { clientId }),
    ...(app.authority && { tenant: app.authority }),
    ...(app.cloud && { cloud: app.cloud }),
    ...scopesOf(provider, app),
  }
}

/** The scopes, only if they differ from the preset's. */
function scopesOf(provider: AppPut['provider'], { baseScopes, extraScopes, skipScopes }: Words) {
  const skipped = new Set(skipScopes)
  const own = baseScopes === 'api' ? apiScopes[provider] : undefined
  const base = own ?? (skipped.size > 0 ? presets[provider]?.scopes : undefined)
  return {
    ...(base && { scopes: base.filter((scope) => !skipped.has(scope)) }),
    ...(extraScopes && { additionalScopes: extraScopes }),
  }
}
