import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deadGrants } from './dead-grants.ts'
import { type Demands, demandsOf } from './demands.ts'
import { providerNeeds } from './provider-needs.ts'
import {
  type Client,
  createStrictProvider,
  endpointOf,
  type Reply,
  type StrictProvider,
} from './strict-provider.ts'
import { readAsked } from './strict-request.ts'

export interface Served {
  readonly name: string
  readonly demands: Demands
  readonly client: Client
  readonly base: string
  readonly provider: StrictProvider
}

export interface StrictServer extends AsyncDisposable {
  readonly all: readonly Served[]
}

/** All providers of the list, each under its name. */
export async function startStrictServer(clientOf: (name: string) => Client): Promise<StrictServer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const served = new Map(
    Object.entries(providerNeeds).map(([name, needs]) => {
      const demands = demandsOf(needs)
      const client = clientOf(name)
      const death = deadGrants[name]
      const provider = createStrictProvider({ demands, client, ...(death && { death }) })
      return [name, { name, demands, client, base: `${url}/${name}`, provider }]
    }),
  )
  server.on('request', async (request, response) => {
    const asked = await readAsked(request)
    const [, name = '', ...rest] = asked.path.split('/')
    const found = served.get(name)
    const endpoint = found && endpointOf(rest, found.demands)
    send(response, found && endpoint ? found.provider.answer(asked, endpoint) : { status: 404 })
  })
  return {
    all: [...served.values()],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
