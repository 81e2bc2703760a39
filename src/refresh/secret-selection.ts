import type { App, ClientSecret } from '../actors/app-actor.ts'

/**
 * Chooses a secret in the operator's order, not yet rejected ones first; if all were rejected, each probe tries the next.
 * Never one that the same attempt has tried.
 */
export function chooseSecret(
  { secrets, context }: App,
  tried: readonly string[] = [],
): ClientSecret | undefined {
  const rejected = new Set(context.secrets.filter((secret) => secret.rejected).map(({ id }) => id))
  const left = secrets.filter(({ id }) => !tried.includes(id))
  return left.find(({ id }) => !rejected.has(id)) ?? left[context.probes % Math.max(1, left.length)]
}
