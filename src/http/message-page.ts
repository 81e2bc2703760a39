import type { FastifyReply } from 'fastify'

/** A page with a short message. */
export interface Message {
  /** ISO 639-1. */
  readonly language: string
  readonly title: string
  readonly text: string
  readonly links?: readonly { readonly href: string; readonly label: string }[]
}

/** Our pages load only what we serve ourselves. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Sends a page in the browser's language. */
export function sendPage(reply: FastifyReply, status: number, message: Message): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': pagePolicy, vary: 'accept-language' })
    .send(messagePage(message, reply.server.basePath))
}

/** `basePath`: the prefix for the paths of our own files. */
export function messagePage({ language, title, text, links = [] }: Message, basePath: string): string {
  const list = links
    .map(({ href, label }) => `<li><a href="${escaped(href)}">${escaped(label)}</a></li>`)
    .join('')
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${basePath}/assets/page.css">
<main class="message">
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${list && `<ul>${list}</ul>`}
</main>
</html>
`
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (each) => entities[each] as string)
}
