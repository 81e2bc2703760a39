import type { FastifyInstance } from 'fastify'
import { sendPage } from './message-page.ts'
import { preferredLanguage, translator } from './translations.ts'

/** Where a person ends who followed a consent link that an operator had copied: there is no caller to go back to. */
export function connectedPage(server: FastifyInstance): void {
  server.get('/oauth/connected', { config: { access: 'open' } }, async ({ query, headers }, reply) => {
    const language = preferredLanguage(headers['accept-language'])
    const say = translator(language)
    const { error } = query as Record<string, unknown>
    const end = error === undefined ? 'connected' : 'not-connected'
    const [title, text] = [say(`consent.${end}.title`), say(`consent.${end}.text`)]
    return sendPage(reply, 200, { language, title, text })
  })
}
