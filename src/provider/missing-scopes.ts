import type { AppConfig } from './app-config.ts'

/** Said in a request and, by most providers, in no answer (OpenID Connect Core §11). */
const notEchoed = new Set(['openid', 'profile', 'email', 'offline_access'])

/** What the app asks for and was not granted. */
export function missingScopes({ scopes }: Pick<AppConfig, 'scopes'>, granted: readonly string[]): string[] {
  const known = new Set(granted)
  return scopes.filter((scope) => !known.has(scope) && !notEchoed.has(scope))
}
