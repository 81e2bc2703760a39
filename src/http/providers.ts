import { z } from 'zod'
import { providerSchema } from '../contract/app.ts'
import { fail, ok } from '../contract/failures.ts'
import { builtIn, type Catalogue } from '../provider/catalogue.ts'
import { type CatalogueEntry, catalogueEntrySchema } from '../provider/catalogue-entry.ts'
import { providerSettingSchema, settingsOf } from '../provider/explain-provider.ts'
import { grantOf } from '../provider/preset.ts'
import { type Route, route } from './route.ts'

export interface ProviderRoutesOptions {
  readonly catalogue?: Catalogue
  /** The callback URL for all providers. */
  readonly redirectUri: () => string
}

const { displayName, category, sources, setup } = catalogueEntrySchema.shape
const brief = { provider: providerSchema, displayName, category, grant: z.string() }
const briefOf = ([provider, { displayName, category, settings }]: readonly [string, CatalogueEntry]) => ({
  provider,
  displayName,
  category,
  grant: grantOf(settings),
})
const access = { scopes: ['app:write', 'events:read'] } as const

/** The provider catalogue: the settings of apps, and instructions for each provider. */
export function providerRoutes({ catalogue = builtIn, redirectUri }: ProviderRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/providers',
      summary: 'The catalogue of providers',
      access,
      answer: z.strictObject({ providers: z.array(z.strictObject(brief)) }),
      async handle() {
        return ok({ providers: [...catalogue].map(briefOf) })
      },
    }),
    route({
      method: 'GET',
      url: '/v1/providers/:provider',
      summary: 'One provider: how to register an app there, and all its settings',
      access,
      params: z.object({ provider: providerSchema }),
      answer: z.strictObject({
        ...brief,
        redirectUrl: z.string().describe('to be registered at the provider'),
        setup,
        settings: z.array(providerSettingSchema),
        sources,
      }),
      async handle({ params: { provider } }) {
        const entry = catalogue.get(provider)
        if (entry === undefined) return fail('not_found', 'provider: not one of the catalogue')
        const { setup, sources } = entry
        return ok({
          ...briefOf([provider, entry]),
          redirectUrl: redirectUri(),
          setup,
          settings: settingsOf(entry),
          sources,
        })
      },
    }),
  ]
}
