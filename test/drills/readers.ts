import type { Nodes } from '../support/nodes.ts'

export interface Readers {
  count(): { answered: number; failed: number }
  /** Resolves once all that was asked is answered. */
  stop(): Promise<void>
}

const every = 20

/** Services that read tokens over NATS and, at these nodes in turn, over HTTP. */
export function startReaders({
  cluster,
  accounts,
  token,
  urls,
  say,
}: {
  cluster: Pick<Nodes, 'request'>
  accounts: readonly string[]
  token: string
  urls: () => readonly string[]
  say(line: string): void
}): Readers {
  const underWay = new Set<Promise<void>>()
  const count = { answered: 0, failed: 0 }
  let asked = 0

  async function overHttp(account: string): Promise<object> {
    const nodes = urls()
    const reply = await fetch(`${nodes[asked % nodes.length]}/v1/account/${account}/oauth-token`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return (await reply.json()) as object
  }

  function ask(how: 'http' | 'nats'): void {
    const account = accounts[asked++ % accounts.length] as string
    const reading = how === 'http' ? overHttp(account) : cluster.request(`token.get.${account}`, {})
    const asking = reading
      .then((reply) => {
        if (!('accessToken' in reply)) throw new Error(JSON.stringify(reply))
        count.answered++
      })
      .catch((error: Error) => {
        count.failed++
        say(
          `  a read over ${how} failed: ${error.message} ${(error.cause as Error | undefined)?.message ?? ''}`,
        )
      })
      .finally(() => underWay.delete(asking))
    underWay.add(asking)
  }

  const load = setInterval(() => {
    ask('http')
    ask('nats')
  }, every)
  return {
    count: () => ({ ...count }),
    async stop() {
      clearInterval(load)
      await Promise.all(underWay)
    },
  }
}
