import { z } from 'zod'

export interface JsonSchema {
  readonly description?: string
  readonly [keyword: string]: unknown
}

/** The schema of a request as JSON Schema in the dialect of OpenAPI 3.0. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' }) as JsonSchema
}
