import { z } from 'zod'

export interface JsonSchema {
  readonly description?: string
  readonly [keyword: string]: unknown
}

/** The schema of a request as JSON Schema in the dialect of OpenAPI 3.0. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => nullableAlternatives(jsonSchema),
  }) as JsonSchema
}

/** OpenAPI 3.0 has `nullable` beside a `type` only: of several alternatives, one may be null. */
function nullableAlternatives(schema: { nullable?: unknown; type?: unknown; anyOf?: object[] }): void {
  if (schema.nullable !== true || schema.type !== undefined || schema.anyOf === undefined) return
  delete schema.nullable
  schema.anyOf = schema.anyOf.map((each, index) => (index === 0 ? { ...each, nullable: true } : each))
}
