import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fail } from '../failures.ts'
import type { ApiTokens } from '../host/api-tokens.ts'
import { Secret } from '../secret.ts'
import { sessionCookie } from './credentials.ts'
import { Refused } from './refused.ts'

const bodySchema = z.strictObject({ apiToken: z.string().min(1).max(256) })

/**
 * Signing in to the page: the API token goes into a cookie that scripts cannot read and other sites cannot send. No
 * other site may write either: only JSON is taken, which takes a preflight that is answered nowhere.
 */
export function sessionRoutes(
  server: FastifyInstance,
  { apiTokens, secure }: { apiTokens: Pick<ApiTokens, 'verify'>; secure: () => boolean },
): void {
  const open = { config: { access: 'open' as const } }
  const cookie = (value: string, age: number) =>
    `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${secure() ? '; Secure' : ''}`

  server.post('/session', open, async ({ body }: FastifyRequest, reply) => {
    const read = bodySchema.safeParse(body)
    const token = read.success ? new Secret(read.data.apiToken) : undefined
    const principal = token === undefined ? null : await apiTokens.verify(token.reveal())
    if (token === undefined || principal === null)
      throw new Refused(fail('unauthorized', 'apiToken: not one that is valid here').failure)
    const { id, scopes, accounts } = principal
    return reply.header('set-cookie', cookie(token.reveal(), 30 * 86_400)).send({ id, scopes, accounts })
  })
  server.delete('/session', open, async (_, reply) => reply.header('set-cookie', cookie('', 0)).send({}))
}
