import { createHash, randomUUID } from 'node:crypto'
import { type Demands, tenant } from './demands.ts'
import {
  type Asked,
  insist,
  NotUnderstood,
  once,
  readBasic,
  readBody,
  type StrictParameters,
  strictParameters,
} from './strict-request.ts'

export interface Client {
  readonly id: string
  readonly secret: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

export interface StrictProvider {
  answer(asked: Asked, endpoint: string): Reply
  /** Everything it granted until now is worth nothing any more. */
  die(): void
  /** Requests it did not understand, and why; control requests apart. */
  readonly complaints: readonly string[]
  readonly issued: ReadonlySet<string>
}

interface Grant {
  readonly challenge: string | undefined
  readonly redirectUri: string
}

const made = (what: string) => `${what}-${randomUUID()}`
/** RFC 6749 §5.2, where nothing else is known of the provider. */
const plainDeath: Reply = { status: 400, body: { error: 'invalid_grant' } }

export interface StrictOptions {
  readonly demands: Demands
  readonly client: Client
  /** Its response for an ended grant. */
  readonly death?: Reply
}

/** A provider that accepts exactly the requests it requires. */
export function createStrictProvider(options: StrictOptions): StrictProvider {
  const { demands, client, death = plainDeath } = options
  const { names, separator } = demands
  const codes = new Map<string, Grant>()
  const refreshTokens = new Set<string>()
  const [issued, alive] = [new Set<string>(), new Set<string>()]
  const shortLived = new Set<string>()
  const complaints: string[] = []
  let knowsClient = true
  const scope = demands.scopes.join(separator)

  function authorize({ query, method }: Asked): Reply {
    insist(method === 'GET', `${method} to the consent page`)
    const asked = strictParameters(once(query), names)
    const { response_type = 'code', ...more } = demands.authorizeParams
    const noCode = names.response_type === '' || demands.agreed
    asked.is('response_type', noCode ? undefined : response_type)
    asked.is('client_id', client.id)
    asked.is('scope', scope === '' ? undefined : scope)
    const redirectUri = asked.mustHave('redirect_uri')
    const state = asked.mustHave('state')
    const challenge = demands.pkce && !demands.agreed ? asked.mustHave('code_challenge') : undefined
    if (challenge !== undefined) asked.is('code_challenge_method', 'S256')
    asked.isExactly(more)
    asked.nothingElse()
    const code = made('code')
    codes.set(code, { challenge, redirectUri })
    const back = new URL(redirectUri)
    if (demands.agreed) back.searchParams.set('tenant', tenant)
    else back.searchParams.set(names.code || 'code', code)
    back.searchParams.set('state', state)
    if (response_type.includes('id_token')) back.searchParams.set('id_token', 'e30.e30.')
    if (demands.tells) back.searchParams.set('tenant_id', 'tenant-1')
    return { status: 302, headers: { location: back.href } }
  }

  /** A GET: its query holds every parameter. */
  function renew(asked: Asked, endpoint: string): Reply {
    insist(asked.method === 'GET', `${asked.method} to ${endpoint}`)
    insist(asked.headers.authorization === undefined, 'an Authorization header')
    const parameters = strictParameters(readBody(asked, 'query'), names)
    if (endpoint === 'exchange') parameters.is('client_secret', client.secret)
    parameters.is('grant_type', 'refresh_token')
    const spent = parameters.mustHave('refresh_token')
    parameters.nothingElse()
    const isKnown = endpoint === 'exchange' ? shortLived.delete(spent) : alive.has(spent)
    return isKnown ? tokens({ withRefreshToken: false }) : death
  }

  function shortToken(): Reply {
    const accessToken = made('short')
    shortLived.add(accessToken)
    return { status: 200, body: { access_token: accessToken, user_id: 1 } }
  }

  function token(asked: Asked, endpoint: string): Reply {
    if (demands.exchanges && endpoint !== 'token') return renew(asked, endpoint)
    insist(asked.method === 'POST', `${asked.method} to the token endpoint`)
    for (const [name, value] of Object.entries(demands.headers))
      insist(asked.headers[name] === value, `header ${name} is missing`)
    const parameters = strictParameters(readBody(asked, demands.body), names)
    if (authenticate(asked, parameters)) return { status: 401, body: { error: 'invalid_client' } }
    const grantType = parameters.mustHave('grant_type')
    const isRefresh =
      endpoint === 'refresh' || grantType === (demands.refreshParams.grant_type ?? 'refresh_token')
    if (demands.grant === 'client_credentials') return assertOwn(parameters, grantType)
    insist(
      (endpoint === 'refresh') === (isRefresh && demands.refreshesElsewhere),
      `${grantType} at ${endpoint}`,
    )
    return isRefresh ? refresh(parameters) : redeem(parameters, grantType)
  }

  /** Answers whether the client is another. */
  function authenticate(asked: Asked, parameters: StrictParameters): boolean {
    const basic = demands.clientAuth === 'client_secret_basic'
    if (!basic) insist(asked.headers.authorization === undefined, 'an Authorization header')
    const inQuery = demands.clientAuth === 'client_secret_query' && demands.body !== 'query'
    const from = inQuery ? strictParameters(once(asked.query), names) : parameters
    const said = basic
      ? readBasic(asked)
      : { id: from.mustHave('client_id'), secret: from.mustHave('client_secret') }
    if (inQuery) from.nothingElse()
    return !knowsClient || said.id !== client.id || said.secret !== client.secret
  }

  function assertOwn(parameters: StrictParameters, grantType: string): Reply {
    const { grant_type = 'client_credentials', ...more } = demands.tokenParams
    insist(grantType === grant_type, `grant_type ${grantType}`)
    parameters.is('scope', scope === '' ? undefined : scope)
    parameters.isExactly(more)
    parameters.nothingElse()
    return tokens({ withRefreshToken: false })
  }

  function redeem(parameters: StrictParameters, grantType: string): Reply {
    const { grant_type = 'authorization_code', ...more } = demands.tokenParams
    insist(grantType === grant_type, `grant_type ${grantType}`)
    const code = parameters.mustHave('code')
    const grant = codes.get(code)
    codes.delete(code)
    insist(grant !== undefined, 'a code that was never issued')
    parameters.is('redirect_uri', grant.redirectUri)
    if (grant.challenge !== undefined) {
      const verifier = parameters.mustHave('code_verifier')
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      insist(challenge === grant.challenge, 'a code_verifier that is another')
    }
    parameters.isExactly(more)
    parameters.nothingElse()
    return demands.exchanges
      ? shortToken()
      : tokens({ withRefreshToken: demands.refreshes === 'refresh_token' })
  }

  function refresh(parameters: StrictParameters): Reply {
    insist(demands.refreshes !== 'never', 'a refresh')
    const { grant_type: _, ...more } = demands.refreshParams
    const spent = parameters.mustHave('refresh_token')
    parameters.isExactly(more)
    parameters.nothingElse()
    const known = demands.refreshes === 'access_token' ? alive.has(spent) : refreshTokens.delete(spent)
    if (!known) return death
    return tokens({ withRefreshToken: demands.refreshes === 'refresh_token' })
  }

  function tokens({ withRefreshToken }: { withRefreshToken: boolean }): Reply {
    const accessToken = made('access')
    issued.add(accessToken)
    alive.add(accessToken)
    const refreshToken = withRefreshToken ? made('refresh') : undefined
    if (refreshToken !== undefined) refreshTokens.add(refreshToken)
    const given = [...demands.scopes].reverse()
    const said = {
      [demands.answerNames.access_token ?? 'access_token']: accessToken,
      token_type: 'bearer',
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      ...(given.length > 0 && { scope: demands.body === 'json' ? given : given.join(separator) }),
      ...lives[demands.life](),
    }
    const told = demands.tells ? { region: { name: 'north' } } : {}
    const body =
      demands.path === undefined ? { ...said, ...told } : { ok: true, ...told, [demands.path]: said }
    return { status: 200, body }
  }

  return {
    complaints,
    issued,
    die() {
      refreshTokens.clear()
      alive.clear()
      knowsClient = demands.grant !== 'client_credentials'
    },
    answer(asked, endpoint) {
      try {
        return endpoint === 'authorize' ? authorize(asked) : token(asked, endpoint)
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        complaints.push(`${endpoint}: ${error.message}`)
        return { status: 400, body: { error: 'invalid_request', error_description: error.message } }
      }
    },
  }
}

const life = 3_600
const lives: Readonly<Record<Demands['life'], () => object>> = {
  expires_in: () => ({ expires_in: life }),
  milliseconds: () => ({ expires_in: life * 1_000 }),
  expires_at: () => ({ expires_at: Math.floor(Date.now() / 1_000) + life }),
  unsaid: () => ({}),
}

/** The endpoint of a path, if it is one of this provider's. */
export function endpointOf(rest: readonly string[], { perTenant, agreed }: Demands): string | undefined {
  const [first, second] = rest
  if (agreed && rest.length === 1 && first === 'authorize') return first
  if (!perTenant) return rest.length === 1 ? first : undefined
  return rest.length === 2 && first === tenant ? second : undefined
}
