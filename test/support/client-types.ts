import { z } from 'zod'
import { eventSchemas } from '../../src/contract/events.ts'
import { failureSchema } from '../../src/contract/failures.ts'
import { tokenSchema } from '../../src/contract/token.ts'

type Json = z.core.JSONSchema.BaseSchema

const interfaces = {
  Token: [
    tokenSchema,
    'A valid access token. A newer one of the same account has a higher `generation`; times are ISO 8601.',
  ],
  TokenRefreshed: [eventSchemas['token.refreshed'], 'The account has a newer access token.'],
  TokenInvalid: [
    eventSchemas['token.invalid'],
    'The account no longer has a token: the reason, and what to do.',
  ],
  AccountRemoved: [eventSchemas['account.removed'], 'The account was deleted.'],
  Failure: [failureSchema, 'The body of the reply to a request that failed.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>

/** The types of the contract that the client exports, as plain TypeScript, so that its package does not need zod. */
export function clientTypes(): string {
  const parts = Object.entries(interfaces).map(
    ([name, [schema, meaning]]) =>
      `/** ${meaning} */\nexport interface ${name} ${typeOf(schemaOf(schema))}\n`,
  )
  return `// Written by \`npm run client-types\` from src/contract.\n\n${parts.join('\n')}`
}

const schemaOf = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'output' })

function typeOf(schema: Json): string {
  const { type, const: only, enum: words, anyOf, items } = schema
  if (only !== undefined) return literal(only)
  if (words !== undefined) return words.map(literal).join(' | ')
  if (anyOf !== undefined) return anyOf.map((each) => typeOf(each as Json)).join(' | ')
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return `readonly (${typeOf(items as Json)})[]`
    case 'object':
      return objectType(schema)
    case undefined:
      return 'unknown'
    default:
      throw new Error(`client types: unsupported schema type ${type}`)
  }
}

function objectType({ properties, required = [], additionalProperties }: Json): string {
  if (properties === undefined && typeof additionalProperties === 'object')
    return `{ readonly [name: string]: ${typeOf(additionalProperties as Json)} }`
  const members = Object.entries(properties ?? {})
  return `{\n${members.map(([name, each]) => member(name, each as Json, required.includes(name))).join('\n')}\n}`
}

function member(name: string, schema: Json, required: boolean): string {
  const comment = schema.description === undefined ? '' : `/** ${schema.description} */\n`
  return `${comment}readonly ${name}${required ? '' : '?'}: ${typeOf(schema)}`
}

const literal = (value: unknown) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value))
