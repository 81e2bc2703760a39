import type { FastifyInstance } from 'fastify'
import { escaped, pagePolicy } from './message-page.ts'
import { openApi } from './openapi.ts'
import type { Route } from './route.ts'

/** What these routes take and answer: `/openapi.json` for programs, `/docs` for people, with nothing from elsewhere. */
export function docsRoutes(
  server: FastifyInstance,
  { routes, version, publicUrl }: { routes: readonly Route[]; version: string; publicUrl: () => string },
): void {
  const open = { config: { access: 'open' as const } }
  const document = openApi({ routes, version })
  const html = docsPage(document)
  server.get('/openapi.json', open, async () => ({ ...document, servers: [{ url: publicUrl() }] }))
  server.get('/docs', open, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(html),
  )
}

type Document = ReturnType<typeof openApi>

function docsPage({ info, paths }: Document): string {
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
${sections.join('\n')}
</main>
</html>
`
}

function section(
  title: string,
  { summary, description, parameters, requestBody, responses }: Operation,
): string {
  const facts = parameters.map(({ name, in: place, required, schema }) => {
    const what = (schema as { description?: string }).description ?? ''
    return `<li><code>${escaped(name)}</code> (${place}${required ? '' : ', optional'}) ${escaped(what)}</li>`
  })
  const body = requestBody && `<h3>Body</h3>${asJson(requestBody.content)}`
  return `<section>
<h2><code>${escaped(title)}</code></h2>
<p>${escaped(summary)}. ${escaped(description ?? '')}</p>
${facts.length > 0 ? `<ul>${facts.join('')}</ul>` : ''}
${body ?? ''}
<h3>Answer</h3>${asJson(responses[200].content)}
</section>`
}

type Operation = Document['paths'][string][string]

function asJson({
  'application/json': { schema },
}: NonNullable<Operation['requestBody']>['content']): string {
  return `<pre>${escaped(JSON.stringify(schema, null, 2))}</pre>`
}
