import { z } from 'zod'

/**
 * Throws where a reply is not what its schema says: that is a bug of ours. Only tests ask for it, since it costs more than
 * most replies do.
 */
export function assertReply({ to, schema, value }: { to: string; schema: z.ZodType; value: unknown }): void {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value)
  const parsed = schema.safeParse(JSON.parse(text))
  if (parsed.success) return
  throw new Error(`the reply to ${to} breaks the contract:\n${z.prettifyError(parsed.error)}`)
}
