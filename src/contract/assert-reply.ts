import { z } from 'zod'

/**
 * Throws if a reply does not match its schema, which is a bug. Used in tests only, because it costs more than most replies.
 */
export function assertReply({ to, schema, value }: { to: string; schema: z.ZodType; value: unknown }): void {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value)
  const parsed = schema.safeParse(JSON.parse(text))
  if (parsed.success) return
  throw new Error(`the reply to ${to} breaks the contract:\n${z.prettifyError(parsed.error)}`)
}
