import type { AppConfig } from './app-config.ts'

/** Scopes that most providers never report as granted (OpenID Connect Core §11). */
const notEchoed = new Set(['openid', 'profile', 'email', 'offline_access'])

/** The scopes that the app requests and was not granted. */
export function missingScopes({ scopes }: Pick<AppConfig, 'scopes'>, granted: readonly string[]): string[] {
  const known = new Set(granted)
  return scopes.filter((scope) => !known.has(scope) && !notEchoed.has(scope))
}
