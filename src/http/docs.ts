import type { FastifyInstance } from 'fastify'
import { type ConsentProblem, problemOf, problems } from '../consent/problems.ts'
import { answeredWords } from '../contract/failure-words.ts'
import { reasons } from '../contract/reasons.ts'
import { escaped, pagePolicy } from './message-page.ts'
import { type OpenApiContent, type OpenApiDocument, type OpenApiOperation, openApi } from './openapi.ts'
import type { Operation } from './operation.ts'

/**
 * The documentation of the endpoints: `/openapi.json` for programs, and `/docs` as a page without external resources.
 */
export function docsRoutes(
  server: FastifyInstance,
  { publicUrl, ...described }: { operations: readonly Operation[]; version: string; publicUrl: () => string },
): void {
  const open = { config: { access: 'open' as const } }
  const document = openApi(described)
  const html = docsPage(document)
  server.get('/openapi.json', open, async () => ({ ...document, servers: [{ url: publicUrl() }] }))
  server.get('/docs', open, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(html),
  )
}

function docsPage({ info, paths, components }: OpenApiDocument): string {
  const sections = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) =>
      section(`${method.toUpperCase()} ${path}`, operation),
    ),
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tokenbus: the HTTP API</title>
<link rel="stylesheet" href="assets/page.css">
<main>
<h1>tokenbus ${escaped(info.version)}: the HTTP API</h1>
<p>Requests carry <code>Authorization: Bearer &lt;API token&gt;</code>. The same as <a href="openapi.json">OpenAPI</a>.</p>
<section>
<h2>Any failure</h2>${asJson(components.schemas.Failure)}
${catalogue('', answeredWords)}
</section>
${sections.join('\n')}
<section>
<h2>Reasons</h2>
<p>Why an account or an app is as it is, and what helps.</p>
${catalogue('reason-', reasons)}
<h2>Consents</h2>
<p>Why a consent came to nothing, where it is none of the reasons above.</p>
${catalogue('reason-', consentReasons())}
</section>
</main>
</html>
`
}

/** An app in question may have one of these as the reason of its last error. */
function consentReasons() {
  const words = (Object.keys(problems) as ConsentProblem[]).filter((word) => !Object.hasOwn(reasons, word))
  const texts = words.map((word) => {
    const { description, action = '' } = problemOf(word)
    return [word, { means: `${description}.`, action }] as const
  })
  return Object.fromEntries(texts)
}

/** Each entry has an anchor, to which the operators' page links. */
function catalogue(
  prefix: string,
  entries: Readonly<Record<string, { means: string; action: string }>>,
): string {
  const items = Object.entries(entries).map(
    ([name, { means, action }]) =>
      `<dt id="${prefix}${name}"><code>${name}</code></dt><dd>${escaped(means)} <b>${escaped(action)}</b></dd>`,
  )
  return `<dl>${items.join('')}</dl>`
}

function section(
  title: string,
  { summary, description, parameters, requestBody, responses }: OpenApiOperation,
): string {
  const facts = parameters.map(({ name, in: place, required, schema }) => {
    const what = escaped(schema.description ?? '')
    return `<li><code>${escaped(name)}</code> (${place}${required ? '' : ', optional'}) ${what}</li>`
  })
  const answers = Object.entries(responses).flatMap(([status, response]) =>
    'description' in response ? [part(`${status}: ${response.description}`, response.content)] : [],
  )
  return `<section>
<h2><code>${escaped(title)}</code></h2>
<p>${escaped(summary)}. ${escaped(description ?? '')}</p>
${facts.length > 0 ? `<ul>${facts.join('')}</ul>` : ''}
${requestBody ? part('Body', requestBody.content) : ''}
${answers.join('\n')}
</section>`
}

function part(title: string, content: OpenApiContent = {}): string {
  const bodies = Object.entries(content).map(
    ([type, { schema }]) => `<p><code>${escaped(type)}</code></p>${asJson(schema)}`,
  )
  return `<h3>${escaped(title)}</h3>${bodies.join('')}`
}

const asJson = (schema: object) => `<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`
