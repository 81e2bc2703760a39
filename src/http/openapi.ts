import { z } from 'zod'
import { jsonSchemaOf } from '../contract/json-schema.ts'
import type { Needs } from './authorize.ts'
import { errorBodySchema } from './errors.ts'
import type { Answer, Operation } from './operation.ts'

const jsonType = 'application/json'
const taken = jsonSchemaOf
const sent = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'output', unrepresentable: 'any' })
const contentOf = (type: string, schema: object): OpenApiContent => ({ [type]: { schema } })
const failure = { $ref: '#/components/responses/Failure' }

/** An operation of an OpenAPI 3.0 document. */
export interface OpenApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security: readonly object[]
  readonly parameters: readonly OpenApiParameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: OpenApiContent }
  readonly responses: Readonly<Record<string, OpenApiResponse>>
}

export interface OpenApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: object & { readonly description?: string }
}

export type OpenApiContent = Readonly<Record<string, { readonly schema: object }>>

export type OpenApiResponse =
  | { readonly description: string; readonly content?: OpenApiContent }
  | { readonly $ref: string }

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Readonly<Record<'title' | 'description' | 'version', string>> & { readonly license: object }
  readonly components: {
    readonly securitySchemes: object
    readonly schemas: { readonly Failure: object }
    readonly responses: object
  }
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
}

interface Described {
  readonly operations: readonly Operation[]
  readonly version: string
}

/** The OpenAPI 3.0 document of these operations, from the schemas that requests and replies are checked against. */
export function openApi({ operations, version }: Described): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
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

function documented(operation: Operation): OpenApiOperation {
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

function answered({ description, type = jsonType, schema }: Answer): OpenApiResponse {
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

function parameters(place: OpenApiParameter['in'], schema: z.ZodObject | undefined): OpenApiParameter[] {
  return Object.entries(schema?.shape ?? {}).map(([name, each]) => ({
    name,
    in: place,
    required: place === 'path' || !(each as z.ZodType).safeParse(undefined).success,
    schema: taken(each as z.ZodType),
  }))
}
