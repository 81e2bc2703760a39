import type { App } from '../actors/app-actor.ts'
import { endpointKey } from '../provider/endpoint-key.ts'
import { fillParams, isFilledPerAccount, type Params } from '../provider/url-params.ts'

/** The app with its URLs filled in for one account; evidence is kept separately per filled-in URL. */
export function resolveApp(app: App, params: Params): App {
  if (app.config === null || !isFilledPerAccount(app.config)) return app
  const filled = fillParams(app.config, params)
  return filled.ok ? { ...app, config: filled.value, endpoint: endpointKey(filled.value) } : app
}
