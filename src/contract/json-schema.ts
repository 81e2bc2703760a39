import { z } from 'zod'

export interface JsonSchema {
  readonly description?: string
  readonly [keyword: string]: unknown
}

/** What a request may say, as OpenAPI 3.0 spells JSON Schema. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' }) as JsonSchema
}
