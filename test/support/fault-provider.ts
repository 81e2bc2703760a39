import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Rotation } from '../../machines/index.ts'

interface Grant {
  readonly rotation: Rotation
  /** Refresh tokens by number; the newest is `newest`. */
  newest: number
  readonly spentAt: Map<number, number>
  newestUsed: boolean
  dead: boolean
  reuses: number
  calls: number
}

export interface FaultProvider extends AsyncDisposable {
  readonly tokenUrl: string
  /** A new grant's first refresh token. */
  grant(account: string, rotation: Rotation): string
  /** The truth about a grant: is it alive, which of its tokens would work, how often was one reused. */
  truth(account: string): { alive: boolean; calls: number; reuses: number }
  /** `think`: requests wait before they are carried out. `swallow`: they are carried out and never answered. */
  behave(how: 'well' | 'think' | 'swallow'): void
  /** Requests that wait or were swallowed. */
  held(): number
}

export const graceSeconds = 60

/** A token endpoint with every way of treating a spent refresh token, which remembers all it did. */
export async function startFaultProvider({ expiresIn = 3_600 } = {}): Promise<FaultProvider> {
  const grants = new Map<string, Grant>()
  let mode: 'well' | 'think' | 'swallow' = 'well'
  let held = 0
  const resume = new Set<() => void>()
  const tokenOf = (account: string, number: number) => `rt/${account}/${number}`

  function die(grant: Grant): null {
    grant.reuses++
    grant.dead = true
    return null
  }

  /** The refresh token that now goes with it; null refuses. */
  function spend(account: string, number: number): number | null {
    const grant = grants.get(account)
    if (grant === undefined || grant.dead || number > grant.newest) return null
    grant.calls++
    const current = number === grant.newest
    const { rotation, spentAt } = grant
    if (rotation === 'none') return number
    if (!current && rotation === 'strict') return die(grant)
    if (!current && rotation === 'grace') {
      const inWindow = Date.now() - (spentAt.get(number) ?? 0) < graceSeconds * 1_000
      return inWindow ? grant.newest : die(grant)
    }
    if (!current && rotation === 'until-used' && (number < grant.newest - 1 || grant.newestUsed))
      return die(grant)
    if (current) {
      grant.newestUsed = rotation === 'until-used'
      spentAt.set(number, Date.now())
    }
    grant.newest++
    grant.newestUsed = false
    return grant.newest
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const sent = new URLSearchParams(Buffer.concat(chunks).toString()).get('refresh_token') ?? ''
    const [, account = '', number = ''] = sent.split('/')
    if (mode === 'think') {
      held++
      await new Promise<void>((resolve) => resume.add(resolve))
      // Who hung up meanwhile is not served.
      if (request.socket.destroyed) return
    }
    const next = spend(account, Number(number))
    if (mode === 'swallow') return void held++
    response.setHeader('content-type', 'application/json')
    if (next === null) return void response.writeHead(400).end('{"error":"invalid_grant"}')
    const body = {
      access_token: `at/${account}/${next}/${Date.now()}`,
      token_type: 'Bearer',
      expires_in: expiresIn,
    }
    response.end(
      JSON.stringify({ ...body, ...(next !== Number(number) && { refresh_token: tokenOf(account, next) }) }),
    )
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return {
    tokenUrl: `http://127.0.0.1:${port}/token`,
    grant(account, rotation) {
      grants.set(account, {
        rotation,
        newest: 0,
        spentAt: new Map(),
        newestUsed: false,
        dead: false,
        reuses: 0,
        calls: 0,
      })
      return tokenOf(account, 0)
    },
    truth(account) {
      const { dead, calls, reuses } = grants.get(account) as Grant
      return { alive: !dead, calls, reuses }
    },
    behave(how) {
      mode = how
      held = 0
      for (const go of resume) go()
      resume.clear()
    },
    held: () => held,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
