import type { App, ClientSecret } from './apps.ts'

/** In the operator's order, those that were not rejected first; where every one was, each probe tries the next. */
export function chooseSecret({ secrets, context }: App): ClientSecret | undefined {
  const rejected = new Set(context.secrets.filter((secret) => secret.rejected).map(({ id }) => id))
  return secrets.find(({ id }) => !rejected.has(id)) ?? secrets[context.probes % Math.max(1, secrets.length)]
}
