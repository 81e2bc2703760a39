import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Brand, Consent, ConsentStart } from '../consent/consent.ts'
import type { Agreed, ConsentEnd, TurnedDown } from '../consent/consent-end.ts'
import { problemOf } from '../consent/problems.ts'
import { idSchema, newIdSchema, textSchema, urlValuesSchema } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import { sendPage } from './message-page.ts'
import { type Route, route } from './route.ts'
import { cookieText } from './set-cookie.ts'
import { preferredLanguage, translator } from './translations.ts'

/** Seconds for which a consent may take at the provider; later, the page links back to the start. */
const browserHolds = 3_600

/** EmailEngine's format: `type` is the app; other fields are ignored. */
const formSchema = z.object({
  account: newIdSchema.nullish(),
  name: textSchema(256).or(z.literal('')).optional(),
  email: textSchema(320)
    .or(z.literal(''))
    .optional()
    .describe('the mailbox, or the user expected to sign in'),
  expectedEmail: textSchema(320)
    .optional()
    .describe('the address of the user who must sign in; for a shared mailbox not the mailbox itself'),
  allowOtherUser: z.boolean().optional().describe('the account may be connected to another user'),
  redirectUrl: z.string().max(2_048),
  params: urlValuesSchema.optional().describe('values for the placeholders in the URLs of the app'),
  type: idSchema.optional(),
  ttl: z
    .int()
    .min(60)
    .max(7 * 86_400)
    .optional()
    .describe('seconds for which the link is valid; a day by default'),
})

/** Creates the URL at which a user connects or reconnects an account. */
export const consentFormRoute = ({ consent }: { consent: Consent }): Route =>
  route({
    method: 'POST',
    url: '/v1/authentication/form',
    summary: 'Create a link at which a user connects an account, valid once and for a day',
    access: { scopes: ['account:write'], account: { field: 'account' } },
    body: formSchema,
    answer: z.strictObject({ url: z.url() }),
    handle: ({ body: { account = null, type, ...wish }, principal }) =>
      consent.begin({ ...wish, account, app: type, by: principal as Principal }),
  })

/** The pages of a consent in the browser. */
export function consentPages(server: FastifyInstance, consent: Consent, publicUrl: () => string): void {
  const brandOf = async (step: ConsentStart | ConsentEnd) =>
    step.kind === 'turned-down' && step.app !== null ? consent.brandOf(step.app) : null
  const open = { config: { access: 'open' as const }, exposeHeadRoute: false, onRequest: refusePrefetch }
  server.get('/oauth/start', open, async (request, reply) => {
    const { ticket, app } = request.query as Record<string, unknown>
    const { cookie: cookies } = request.headers
    const step = await consent.proceed({ ticket, app, cookies })
    if (step.kind === 'go') {
      const wanted = { ...step.cookie, path: '/oauth', sameSite: 'Lax' as const, maxAge: browserHolds }
      reply.header('set-cookie', cookieText(request, wanted, publicUrl()))
    }
    return show({ request, reply, step, ticket: String(ticket), brand: await brandOf(step) })
  })
  server.get('/oauth', open, async (request, reply) => {
    const url = new URL(`${publicUrl()}${request.url}`)
    const step = await consent.finish({ url, cookies: request.headers.cookie })
    return show({ request, reply, step, ticket: '', brand: await brandOf(step) })
  })
  // Link previews and prefetches send HEAD, which must not use the code.
  for (const path of ['/oauth/start', '/oauth'])
    server.head(path, open, (_, reply) => reply.type('text/html; charset=utf-8').send())
}

/** A browser that prefetches links must not consent to anything. */
async function refusePrefetch({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const said = [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']].join(' ')
  if (/prefetch|prerender|preview/i.test(said))
    await reply.code(503).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send('')
}

interface Shown {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly step: ConsentStart | ConsentEnd
  readonly ticket: string
  readonly brand: Brand | null
}

/** The texts of a problem are `consent.<problem>.title` and `.text` in the language files. */
function show({ request, reply, step, ticket, brand }: Shown): FastifyReply {
  if (step.kind === 'go' || step.kind === 'connected') return reply.redirect(step.location, 302)
  const language = preferredLanguage(request.headers['accept-language'])
  const say = translator(language)
  if (step.kind === 'choose') {
    const links = step.apps.map(({ app, name, logoUrl, provider }) => ({
      href: `${reply.server.basePath}/oauth/start?${new URLSearchParams({ ticket, app })}`,
      label: `${name} (${provider})`,
      logoUrl,
    }))
    const text = say(links.length > 0 ? 'consent.choose.text' : 'consent.choose.none')
    return sendPage(reply, 200, { language, title: say('consent.choose.title'), text, links })
  }
  if (step.kind === 'agreed') return showAgreed(reply, step, language)
  const { problem, values, back, again, adminUrl } = step
  // Redirects to the caller with the problem, after the user has read it.
  if (back !== null) reply.header('refresh', `${again === null ? 10 : 60}; url=${back}`)
  const links = [
    ...(adminUrl === null ? [] : [{ href: adminUrl, label: say('consent.admin') }]),
    ...(again === null ? [] : [{ href: onward(reply, again), label: say('consent.again') }]),
    ...(back === null ? [] : [{ href: back, label: say('consent.back') }]),
  ]
  const title = say(`consent.${problemOf(problem).title ?? problem}.title`)
  const text = say(`consent.${isNameless(step) ? 'identity_unknown' : problem}.text`, values)
  return sendPage(reply, problemOf(problem).status, { language, title, text, links, brand })
}

/** The provider does not say who signed in instead. */
const isNameless = ({ problem, values }: TurnedDown) =>
  problem === 'identity_mismatch' && values.now === undefined

const onward = (reply: FastifyReply, ticket: string) =>
  `${reply.server.basePath}/oauth/start?${new URLSearchParams({ ticket })}`

/** An administrator in another browser is finished here. */
function showAgreed(reply: FastifyReply, { ticket, isSameBrowser }: Agreed, language: string): FastifyReply {
  if (isSameBrowser) return reply.redirect(onward(reply, ticket), 302)
  const say = translator(language)
  const links = [{ href: onward(reply, ticket), label: say('consent.again') }]
  const [title, text] = [say('consent.agreed.title'), say('consent.agreed.text')]
  return sendPage(reply, 200, { language, title, text, links })
}
