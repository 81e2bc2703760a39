import { StartError } from '../common/start-error.ts'

export interface NatsAddress {
  /** `host:port` of each server, without credentials: safe to print. */
  readonly servers: string[]
  readonly tls: boolean
  readonly user?: string
  readonly password?: string
  readonly token?: string
}

/** Parses `nats://user:password@host:port,…`; the first credentials found are used for all servers. */
export function parseNatsUrl(url: string): NatsAddress {
  const parts = url.split(',').map((text) => text.trim())
  const urls = parts.map((text, index) => parsePart(text, index + 1))
  const signed = urls.find(({ username }) => username !== '')
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || 4222}`),
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
    ...credentials(signed),
  }
}

function parsePart(text: string, position: number): URL {
  const withScheme = text.includes('://') ? text : `nats://${text}`
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined
  if (url === undefined || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol))
    throw new StartError(`Entry ${position} of the NATS URL is not of the form nats://host:port.`)
  return url
}

function credentials(url: URL | undefined): Pick<NatsAddress, 'user' | 'password' | 'token'> {
  if (url === undefined) return {}
  const user = unescaped(url.username)
  return url.password === '' ? { token: user } : { user, password: unescaped(url.password) }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new StartError('The credentials in the NATS URL must be percent-encoded.')
  }
}
