import type { App, ClientSecret } from '../actors/app-actor.ts'

/**
 * In the operator's order, those that were not rejected first; where every one was, each probe tries the next. None of
 * those that the same attempt has tried.
 */
export function chooseSecret(
  { secrets, context }: App,
  tried: readonly string[] = [],
): ClientSecret | undefined {
  const rejected = new Set(context.secrets.filter((secret) => secret.rejected).map(({ id }) => id))
  const left = secrets.filter(({ id }) => !tried.includes(id))
  return left.find(({ id }) => !rejected.has(id)) ?? left[context.probes % Math.max(1, left.length)]
}
