import type { App, ClientSecret } from './apps.ts'

/** In the operator's order, those that were not rejected first; an app whose every secret was rejected tries the first. */
export function chooseSecret({ secrets, context }: App): ClientSecret | undefined {
  const rejected = new Set(context.secrets.filter((secret) => secret.rejected).map(({ id }) => id))
  return secrets.find(({ id }) => !rejected.has(id)) ?? secrets[0]
}
