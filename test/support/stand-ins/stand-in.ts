import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import OAuth2Server from '@node-oauth/oauth2-server'
import type { Behaviour } from './behaviour.ts'
import type { StandInClient } from './clients.ts'
import type { StandInClock } from './clock.ts'
import { type Denial, Denied, denyWith } from './denial.ts'
import type { Grants } from './grants.ts'
import { libraryRequest } from './library-request.ts'
import { type ModelOptions, modelFor } from './model.ts'

export interface StandInOptions {
  readonly clock: StandInClock
  readonly grants: Grants
  readonly clients: readonly StandInClient[]
  readonly behaviours: readonly Behaviour[]
  /** Does a refresh bring a new refresh token? */
  readonly rotates: boolean
  readonly unknownToken: Denial
  /** Refusals of the OAuth library, in the provider's format. */
  readonly inOwnWords: (error: OAuth2Server.OAuthError) => Denial
  /** Grants the library does not know, by `grant_type`. */
  readonly moreGrants?: Record<string, typeof OAuth2Server.AbstractGrantType>
  /** Further routes besides `/authorize` and `/token`. */
  readonly routes?: Readonly<Record<string, (form: URLSearchParams) => Denial | object>>
}

export interface StandIn extends AsyncDisposable {
  readonly url: string
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly clock: StandInClock
  /** From now on every token request is answered so, until this is called with nothing. */
  says(denial?: Denial): void
  /** The forms received by the token endpoint, in order. */
  readonly asked: readonly URLSearchParams[]
}

/** A provider on loopback: an OAuth library for the protocol, and a list of behaviours for its deviations. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { clock, behaviours, inOwnWords, grants } = options
  const asked: URLSearchParams[] = []
  const codes: ModelOptions['codes'] = new Map()
  let always: Denial | undefined

  function libraryFor(asking: ModelOptions['asking'], query?: URLSearchParams): OAuth2Server {
    const model = modelFor({ ...options, grants, codes, asking, ...(query && { query }) })
    return new OAuth2Server({
      model,
      allowExtendedTokenAttributes: true,
      requireClientAuthentication: Object.fromEntries(
        Object.keys(options.moreGrants ?? {}).map((type) => [type, false]),
      ),
      extendedGrantTypes: options.moreGrants ?? {},
    })
  }

  async function authorize(url: URL): Promise<Answer> {
    const query = url.searchParams
    const asking = { form: query, path: url.pathname, now: clock.now() }
    const response = new OAuth2Server.Response()
    const request = new OAuth2Server.Request({
      method: 'GET',
      headers: {},
      query: Object.fromEntries(query),
    })
    // The expected user signs in and consents.
    const authenticateHandler = { handle: () => ({ id: query.get('login_hint') ?? 'someone' }) }
    await libraryFor(asking, query).authorize(request, response, { authenticateHandler })
    return { status: 302, headers: response.headers ?? {} }
  }

  async function token(url: URL, request: IncomingMessage, form: URLSearchParams): Promise<Answer> {
    const asking = { form, path: url.pathname, now: clock.now() }
    if (!isControl(form)) asked.push(form)
    denyWith(always)
    for (const each of behaviours) denyWith(each.arrived?.(asking))
    const response = new OAuth2Server.Response()
    await libraryFor(asking).token(libraryRequest(request, form), response)
    return { status: 200, body: response.body }
  }

  async function route(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const form = new URLSearchParams(await textOf(request))
    try {
      if (request.method === 'GET' && url.pathname.endsWith('/authorize')) return await authorize(url)
      if (url.pathname.endsWith('/token')) return await token(url, request, form)
      const own = options.routes?.[url.pathname]
      if (own === undefined) return { status: 404 }
      const said = own(form)
      return isDenial(said) ? said : { status: 200, body: said }
    } catch (error) {
      if (error instanceof Denied) return error.denial
      if (error instanceof OAuth2Server.OAuthError) return inOwnWords(error)
      throw error
    }
  }

  const server = createServer((request, response) => {
    route(request).then(
      (answer) => send(response, answer, clock),
      () => response.writeHead(500).end(),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    url,
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    clock,
    asked,
    says(denial) {
      always = denial
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

function isDenial(said: object): said is Denial {
  return 'status' in said && 'body' in said
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer, clock: StandInClock): void {
  const date = new Date(clock.now()).toUTCString()
  response.writeHead(status, { date, 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

/** A request of a control, which is not part of any scene. */
function isControl(form: URLSearchParams): boolean {
  const [, claims = ''] = (form.get('assertion') ?? '').split('.')
  const subject = Buffer.from(claims, 'base64url').toString()
  return `${form.get('refresh_token')} ${subject}`.includes('tokenbus-control-')
}
