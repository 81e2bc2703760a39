import type { FastifyReply } from 'fastify'
import type { Brand } from '../consent/consent.ts'

/** A page with a short message. */
export interface Message {
  /** ISO 639-1. */
  readonly language: string
  readonly title: string
  readonly text: string
  readonly links?: readonly Link[]
  /** Shown above the title. */
  readonly brand?: Brand | null
}

interface Link {
  readonly href: string
  readonly label: string
  readonly logoUrl?: string | undefined
}

/** Our pages load only what we serve ourselves. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Sends a page in the browser's language. */
export function sendPage(reply: FastifyReply, status: number, message: Message): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': policyFor(message), vary: 'accept-language' })
    .send(messagePage(message, reply.server.basePath))
}

/** A logo is loaded from where its app says, and nothing else is. */
function policyFor({ brand, links = [] }: Message): string {
  const logos = [brand, ...links].flatMap((each) => each?.logoUrl ?? [])
  const origins = [...new Set(logos.map((url) => new URL(url).origin))]
  return pagePolicy.replace("img-src 'self'", ["img-src 'self'", ...origins].join(' '))
}

/** The name stands beside it, so a reader of the page needs no other text. */
const logo = (url: string | undefined) =>
  url === undefined ? '' : `<img class="logo" src="${escaped(url)}" alt="">`

/** `basePath`: the prefix for the paths of our own files. */
export function messagePage({ language, title, text, brand, links = [] }: Message, basePath: string): string {
  const list = links
    .map(
      ({ href, label, logoUrl }) =>
        `<li><a href="${escaped(href)}">${logo(logoUrl)}${escaped(label)}</a></li>`,
    )
    .join('')
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${basePath}/assets/page.css">
<main class="message">
${brand ? `<p class="brand">${logo(brand.logoUrl)}${escaped(brand.name)}</p>` : ''}
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
