import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Consent, ConsentStart } from '../consent/consent.ts'
import type { ConsentEnd, ConsentProblem } from '../consent/consent-end.ts'
import { idSchema, newIdSchema, textSchema, urlValuesSchema } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import { type Message, messagePage, pagePolicy } from './message-page.ts'
import { type Route, route } from './route.ts'

/** EmailEngine's: `type` is the app; what else its clients send is ignored. */
const formSchema = z.object({
  account: newIdSchema.nullish(),
  name: textSchema(256).or(z.literal('')).optional(),
  email: textSchema(320).or(z.literal('')).optional(),
  redirectUrl: z.string().max(2_048),
  params: urlValuesSchema.optional().describe('what fills the URLs of the app'),
  type: idSchema.optional(),
})

/** Where a caller sends its user to connect an account, or to connect it again. */
export const consentFormRoute = ({ consent }: { consent: Consent }): Route =>
  route({
    method: 'POST',
    url: '/v1/authentication/form',
    summary: 'An address where a user connects an account through the provider, good once and for 15 min',
    access: { scopes: ['account:write'], account: { field: 'account' } },
    body: formSchema,
    answer: z.strictObject({ url: z.url() }),
    handle: ({ body: { account = null, type, ...wish }, principal }) =>
      consent.begin({ ...wish, account, app: type, by: principal as Principal }),
  })

const wayBack = 'Back to where you came from'

const messages: Record<ConsentProblem, (details: readonly string[]) => Message> = {
  unknown_request: () => ({
    title: 'This link is not valid any more',
    text: 'It was used already, is older than 15 minutes, or did not come from here. Nothing was connected. Start again from where you came.',
  }),
  unknown_app: () => ({
    title: 'The app is not there any more',
    text: 'Whoever runs this service has removed it. Nothing was connected.',
  }),
  access_denied: () => ({
    title: 'Access was not granted',
    text: 'Consent was refused at the provider. Nothing was connected.',
  }),
  missing_scopes: (scopes) => ({
    title: 'Some permissions are missing',
    text: `Nothing was connected, because these were not granted: ${scopes.join(', ')}. Start again and leave them ticked.`,
  }),
  no_refresh_token: () => ({
    title: 'No lasting access was granted',
    text: 'The provider gave access for a moment only, without a refresh token. Nothing was connected. Remove the app in your account at the provider, then start again.',
  }),
  callback_rejected: () => ({
    title: 'The answer of the provider does not fit',
    text: 'What came back is not an answer to what was asked. Nothing was connected. Start again from where you came.',
  }),
  provider_unavailable: () => ({
    title: 'The provider does not answer',
    text: 'It cannot be reached, or refuses requests for now. Nothing was connected. Try again in a few minutes.',
  }),
  not_stored: () => ({
    title: 'The account could not be connected',
    text: 'Consent was given, and could not be stored. Start again in a few minutes.',
  }),
}

/** The browser's way to the provider, and back. */
export function consentPages(server: FastifyInstance, consent: Consent, publicUrl: () => string): void {
  const open = { config: { access: 'open' as const }, exposeHeadRoute: false }
  server.get('/oauth/start', open, async ({ query }, reply) => {
    const { ticket, app } = query as Record<string, unknown>
    return show(reply, await consent.proceed({ ticket, app }), String(ticket))
  })
  server.get('/oauth', open, async ({ url }, reply) =>
    show(reply, await consent.finish(new URL(`${publicUrl()}${url}`)), ''),
  )
  // Link previews and prefetches send HEAD: it must not spend the code.
  for (const path of ['/oauth/start', '/oauth'])
    server.head(path, open, (_, reply) => reply.type('text/html; charset=utf-8').send())
}

function show(reply: FastifyReply, step: ConsentStart | ConsentEnd, ticket: string): FastifyReply {
  if (step.kind === 'go' || step.kind === 'connected') return reply.redirect(step.location, 302)
  if (step.kind === 'choose') {
    const links = step.apps.map(({ app, provider }) => ({
      href: `${reply.server.basePath}/oauth/start?${new URLSearchParams({ ticket, app })}`,
      label: `${app} (${provider})`,
    }))
    const text = links.length > 0 ? 'Which one is your account with?' : 'No app is set up here yet.'
    return page(reply, 200, { title: 'Connect an account', text, links })
  }
  const { problem, details, back } = step
  // The caller hears of it too, once the user has read what happened.
  if (back !== null) reply.header('refresh', `10; url=${back}`)
  const links = back === null ? [] : [{ href: back, label: wayBack }]
  return page(reply, problem === 'provider_unavailable' ? 503 : 400, { ...messages[problem](details), links })
}

function page(reply: FastifyReply, status: number, message: Message): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', pagePolicy)
    .send(messagePage(message, reply.server.basePath))
}
