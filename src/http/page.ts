import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pagePolicy } from './message-page.ts'
import { languageFiles } from './translations.ts'

const folder = new URL('./page/', import.meta.url)

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
}

/** The operators' page: a few files, served from memory. It uses the public API only. */
export async function pageRoutes(server: FastifyInstance): Promise<void> {
  const { basePath } = server
  // The page refers to its files by relative URLs.
  if (basePath !== '')
    server.get(basePath, { config: { access: 'open' } }, (_, reply) => reply.redirect(`${basePath}/`))
  const files = (await readdir(folder)).map(
    async (name) => [name, await readFile(new URL(name, folder))] as const,
  )
  const languages = [...languageFiles].map(
    ([code, text]) => [`languages/${code}.json`, Buffer.from(text)] as const,
  )
  for (const [name, body] of [...(await Promise.all(files)), ...languages]) {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const type = types[extname(name)] as string
    const url = name === 'index.html' ? '/' : `/assets/${name}`
    server.get(url, { config: { access: 'open' } }, async (request, reply) => {
      reply.headers({ 'content-security-policy': pagePolicy, 'cache-control': 'no-cache', etag })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return reply.type(type).send(body)
    })
  }
}
