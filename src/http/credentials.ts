import type { FastifyRequest } from 'fastify'

/** The API token a request carries. Never from the URL, which lands in logs. */
export function tokenOf({ headers: { authorization } }: FastifyRequest): string | undefined {
  if (authorization === undefined || authorization.length > 256) return undefined
  return authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined
}
