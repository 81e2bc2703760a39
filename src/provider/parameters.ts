import type { AppConfig } from './app-config.ts'

export type Params = Readonly<Record<string, string>>

/** With what an app's settings add to a request, and without what they take from it; an empty scope is no scope. */
export function withChanges(params: Params, changes: AppConfig['tokenParams'] = {}): Params {
  const all = Object.entries<string | null>({ ...params, ...changes })
  return Object.fromEntries(
    all.filter(
      (each): each is [string, string] => each[1] !== null && !(each[0] === 'scope' && each[1] === ''),
    ),
  )
}

/** The names of what an app's settings take from a request. */
export function leftOut(changes: AppConfig['tokenParams'] = {}): string[] {
  return Object.keys(changes).filter((name) => changes[name] === null)
}

/** As the provider calls them. */
export function renamed(params: Params, names: AppConfig['parameterNames'] = {}): Params {
  const called = Object.entries(params).map(([name, value]) => [names[name] ?? name, value])
  return Object.fromEntries(called.filter(([name]) => name !== ''))
}
