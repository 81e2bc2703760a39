import { describe, expect, it } from 'vitest'
import { privatePackage } from '../support/private-package.ts'
import { registeredRoutes } from './registered-routes.ts'

const { routes, document } = await registeredRoutes()
const { missing, load } = privatePackage('test/http/openapi-checkers')
if (missing !== null) process.stderr.write(`skipped: what other tools say of /openapi.json (${missing})\n`)

/** For browsers, and the document itself. */
const pages =
  /^(GET \/(assets\/.*|docs|openapi\.json|oauth|oauth\/start|oauth\/connected)?|(POST|DELETE) \/session|(GET|PUT) \/session\/token-api)$/

interface Documented {
  readonly operationId: string
  readonly responses: Readonly<Record<string, unknown>>
}
const operations = Object.entries<Record<string, Documented>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    operation,
  })),
)

describe('/openapi.json', () => {
  it('has every endpoint except pages', () => {
    const named = operations.map(({ name }) => name)
    expect(named.sort()).toEqual(routes.filter((each) => !pages.test(each)).sort())
  })

  it('has the errors of each endpoint', () => {
    const failure = { $ref: '#/components/responses/Failure' }
    for (const { operation } of operations)
      expect(operation.responses).toMatchObject({ '4XX': failure, '5XX': failure })
    const { properties } = document.components.schemas.Failure
    expect(properties.error.enum).toContain('grant_revoked')
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['statusCode', 'error', 'message', 'code', 'fields', 'retryAfter']),
    )
  })

  it('has unique operation ids', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(ids).toEqual([...new Set(ids)])
    expect(ids).toContain('getAccountByAccountOauthToken')
  })

  it.skipIf(missing)('passes redocly', async () => {
    const { createConfig, lintFromString } = await load<{
      createConfig(config: object): Promise<unknown>
      lintFromString(options: {
        source: string
        config: unknown
      }): Promise<{ ruleId: string; message: string }[]>
    }>('@redocly/openapi-core')
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), config })
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([])
  })

  it.skipIf(missing)('passes swagger-parser', async () => {
    const { default: SwaggerParser } = await load<{
      default: { validate(document: object): Promise<unknown> }
    }>('@apidevtools/swagger-parser')
    await expect(SwaggerParser.validate(structuredClone(document))).resolves.toBeDefined()
  })

  it.skipIf(missing)('generates types with openapi-typescript, including errors', async () => {
    const { default: openapiTypescript, astToString } = await load<{
      default(document: object): Promise<unknown>
      astToString(ast: unknown): string
    }>('openapi-typescript')
    const types = astToString(await openapiTypescript(structuredClone(document)))
    expect(types).toContain('getAccountByAccountOauthToken: {')
    expect(types).toContain('error: "bad_request" | "unauthorized"')
  })
})
