import { z } from 'zod'
import { eventSchemas } from '../../src/contract/events.ts'
import { failureSchema } from '../../src/contract/failures.ts'
import { tokenSchema } from '../../src/contract/token.ts'

type Json = z.core.JSONSchema.BaseSchema

const interfaces = {
  Token: [
    tokenSchema,
    'An access token that works. A newer one of the same account has a higher `generation`; times are ISO 8601.',
  ],
  TokenRefreshed: [eventSchemas['token.refreshed'], 'There is a newer access token.'],
  TokenInvalid: [eventSchemas['token.invalid'], 'There is no token any more: why, and what to do.'],
  AccountRemoved: [eventSchemas['account.removed'], 'The account is forgotten.'],
  Failure: [failureSchema, 'What a request is answered with when it fails.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>

/** What the client's users see of the contract, as plain TypeScript: its package has no need of zod. */
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
      throw new Error(`the client's types know no schema of type ${type}`)
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
