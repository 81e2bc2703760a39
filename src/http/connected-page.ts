import type { FastifyInstance } from 'fastify'
import { sendPage } from './message-page.ts'
import { preferredLanguage, translator } from './translations.ts'

/** The page after a consent whose link an operator copied, which has no redirect URL of a caller. */
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
