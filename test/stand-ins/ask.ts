import type { StandIn } from '../support/stand-ins/stand-in.ts'

export interface Said {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for.
  readonly body: any
}

interface Client {
  readonly id: string
  readonly secret: string
}

const redirectUri = 'http://127.0.0.1/oauth'

/** One request at the token endpoint, exactly as given. */
export async function ask(
  { tokenUrl }: Pick<StandIn, 'tokenUrl'>,
  form: Record<string, string>,
): Promise<Said> {
  const response = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) })
  const { status, headers } = response
  return { status, headers, body: await response.json() }
}

export type Asked = Pick<StandIn, 'tokenUrl' | 'authorizeUrl'> & { readonly client: Client }

const credentials = ({ client }: Asked) => ({ client_id: client.id, client_secret: client.secret })

/** A person's consent, and what its code is redeemed for. */
export async function consent(
  standIn: Asked,
  query: Record<string, string>,
  form: Record<string, string> = {},
): Promise<Said> {
  const asked = { client_id: standIn.client.id, redirect_uri: redirectUri, response_type: 'code', state: 's' }
  const url = `${standIn.authorizeUrl}?${new URLSearchParams({ ...asked, login_hint: 'alice', ...query })}`
  const page = await fetch(url, { redirect: 'manual' })
  const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const redeem = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  return ask(standIn, { ...redeem, ...credentials(standIn), ...form })
}

export function refresh(
  standIn: Asked,
  refreshToken: string,
  form: Record<string, string> = {},
): Promise<Said> {
  const spent = { grant_type: 'refresh_token', refresh_token: refreshToken }
  return ask(standIn, { ...spent, ...credentials(standIn), ...form })
}
