import { z } from 'zod'
import type { Needs } from './authorize.ts'
import type { Route } from './route.ts'

const draft = { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' } as const
const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, draft)

/** The OpenAPI 3.0 document of these routes, from the schemas they check requests with. */
export function openApi({ routes, version }: { routes: readonly Route[]; version: string }) {
  const paths: Record<string, Record<string, ReturnType<typeof operation>>> = {}
  for (const each of routes) {
    const path = each.url.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: operation(each) }
  }
  return {
    openapi: '3.0.3',
    info: { title: 'tokenbus', description: 'OAuth2 access tokens, always valid', version },
    components: { securitySchemes: { apiToken: { type: 'http', scheme: 'bearer' } } },
    paths,
  }
}

function operation({ summary, access, params, query, body, bodyOptional = false, answer }: Route) {
  const security = access === 'open' ? [] : [{ apiToken: [] }]
  const needs = access === 'open' ? undefined : needsInWords(access)
  return {
    summary,
    description: needs,
    security,
    parameters: [...parameters('path', params), ...parameters('query', query)],
    requestBody: body && { required: !bodyOptional, content: jsonContent(body) },
    responses: {
      200: { description: 'Done', content: jsonContent(answer) },
      default: { description: 'Not done: statusCode, error, message, code' },
    },
  }
}

function needsInWords({ scopes, all = [] }: Needs): string {
  const wide = all.map((each) => ` For all ${each}.`)
  return `Scope: ${scopes.join(' or ')}.${wide.join('')}`
}

function parameters(place: 'path' | 'query', { shape }: z.ZodObject) {
  return Object.entries(shape).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || !(schema as z.ZodType).safeParse(undefined).success,
    schema: schemaOf(schema as z.ZodType),
  }))
}

const jsonContent = (schema: z.ZodType) => ({ 'application/json': { schema: schemaOf(schema) } })
