import type { z } from 'zod'
import type { Access } from './authorize.ts'

export interface Answer {
  readonly description: string
  /** JSON by default; without a schema there is no body. */
  readonly type?: string
  readonly schema?: z.ZodType
}

/** The documentation of an endpoint, with the errors common to all. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly summary: string
  readonly access: Access
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  readonly body?: { readonly type?: string; readonly schema: z.ZodType; readonly required: boolean }
  readonly answers: Readonly<Record<number, Answer>>
}
