import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const clientId = 'client-1.apps.example.com'

export interface Signing {
  /** Over those a good token has; undefined leaves one out. */
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  /** With a key that is not published. */
  readonly withForeignKey?: boolean
}

/** Signs security events about its users, and publishes its keys. */
export async function startTransmitter() {
  const published = await generateKeyPair('RS256')
  const foreign = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(published.publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }
  let away = false
  let fetches = 0
  const server = createServer((request, response) => {
    fetches++
    if (away) return void response.writeHead(503).end()
    const body = request.url === '/keys' ? { keys: [jwk] } : { issuer: `${url}/`, jwks_uri: `${url}/keys` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer: url,
    jwksUrl: `${url}/keys`,
    configurationUrl: `${url}/.well-known/risc-configuration`,
    fetches: () => fetches,
    goAway(is = true) {
      away = is
    },
    sign(events: object, { claims, header, withForeignKey = false }: Signing = {}): Promise<string> {
      const payload = {
        iss: `${url}/`,
        aud: clientId,
        iat: Math.floor(Date.now() / 1_000),
        jti: randomUUID(),
        events,
        ...claims,
      } as JWTPayload
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid: 'key-1', typ: 'secevent+jwt', ...header })
        .sign((withForeignKey ? foreign : published).privateKey)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export type Transmitter = Awaited<ReturnType<typeof startTransmitter>>

const uri = (kind: string, name: string) => `https://schemas.openid.net/secevent/${kind}/event-type/${name}`
export const oauthEvent = (name: string) => uri('oauth', name)
export const riscEvent = (name: string) => uri('risc', name)
export const caepEvent = (name: string) => uri('caep', name)
