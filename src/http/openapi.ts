import { z } from 'zod'
import { jsonSchemaOf } from '../contract/json-schema.ts'
import type { Needs } from './authorize.ts'
import { errorBodySchema } from './errors.ts'
import type { Answer, Operation } from './operation.ts'

const jsonType = 'application/json'
const taken = jsonSchemaOf
const sent = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'output', unrepresentable: 'any' })
const contentOf = (type: string, schema: object) => ({ [type]: { schema } })
const failure = { $ref: '#/components/responses/Failure' }

export type Documented = ReturnType<typeof documented>

/** The OpenAPI 3.0 document of these operations, from the schemas that requests and replies are checked against. */
export function openApi({ operations, version }: { operations: readonly Operation[]; version: string }) {
  const paths: Record<string, Record<string, Documented>> = {}
  for (const each of operations) {
    const path = each.url.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: documented(each) }
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'tokenbus',
      description: 'OAuth2 access tokens, always valid',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    components: {
      securitySchemes: { apiToken: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: sent(errorBodySchema) },
      responses: {
        Failure: {
          description: 'Not done',
          content: contentOf(jsonType, { $ref: '#/components/schemas/Failure' }),
        },
      },
    },
    paths,
  }
}

function documented(operation: Operation) {
  const { method, url, summary, access, params, query, headers, body, answers } = operation
  return {
    operationId: idOf(method, url),
    summary,
    ...(access !== 'open' && { description: needsInWords(access) }),
    security: access === 'open' ? [] : [{ apiToken: [] }],
    parameters: [
      ...parameters('path', params),
      ...parameters('query', query),
      ...parameters('header', headers),
    ],
    ...(body && {
      requestBody: { required: body.required, content: contentOf(body.type ?? jsonType, taken(body.schema)) },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, each]) => [status, answered(each)])),
      '4XX': failure,
      '5XX': failure,
    },
  }
}

function answered({ description, type = jsonType, schema }: Answer) {
  return { description, ...(schema && { content: contentOf(type, sent(schema)) }) }
}

/** `GET /v1/account/:account/history` is `getAccountByAccountHistory`. */
function idOf(method: Operation['method'], url: string): string {
  const words =
    url
      .replace('/v1/', '/')
      .replace(/:(\w+)/g, 'by-$1')
      .match(/[a-z0-9]+/gi) ?? []
  return method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
}

function needsInWords({ scopes, all = [] }: Needs): string {
  const wide = all.map((each) => ` For all ${each}.`)
  return `Scope: ${scopes.join(' or ')}.${wide.join('')}`
}

function parameters(place: 'path' | 'query' | 'header', schema: z.ZodObject | undefined) {
  return Object.entries(schema?.shape ?? {}).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || !(each as z.ZodType).safeParse(undefined).success,
    schema: taken(each as z.ZodType),
  }))
}
