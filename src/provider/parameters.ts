import type { AppConfig } from './app-config.ts'

export type Params = Readonly<Record<string, string>>

/** Adds and removes parameters of a request by the app's settings; an empty scope is removed. */
export function withChanges(params: Params, changes: AppConfig['tokenParams'] = {}): Params {
  const all = Object.entries<string | null>({ ...params, ...changes })
  return Object.fromEntries(
    all.filter(
      (each): each is [string, string] => each[1] !== null && !(each[0] === 'scope' && each[1] === ''),
    ),
  )
}

/** The parameters that an app's settings remove from a request. */
export function leftOut(changes: AppConfig['tokenParams'] = {}): string[] {
  return Object.keys(changes).filter((name) => changes[name] === null)
}

/** Under the provider's names. */
export function renamed(params: Params, names: AppConfig['parameterNames'] = {}): Params {
  const called = Object.entries(params).map(([name, value]) => [names[name] ?? name, value])
  return Object.fromEntries(called.filter(([name]) => name !== ''))
}
