import { startChild } from './child.ts'
import type { Bench, Finding } from './finding.ts'
import { httpContender } from './http-requester.ts'
import { inTurns } from './in-turns.ts'
import { createRequester } from './requests.ts'

const count = 40_000

/** The HTTP endpoint from memory, for the accounts of the reads, beside a bare route with the same body. */
export async function benchHttp({ natsUrl, httpUrl }: Bench): Promise<Finding[]> {
  const { nats, close } = await createRequester(natsUrl)
  const wish = { name: 'bench', scopes: ['token:read'], perSecond: 1_000_000 }
  const { token } = (await nats.request('api-token.create', JSON.stringify(wish))).json<{ token: string }>()
  await close()
  // Ids of one length, so that all answers are equally long.
  const path = (index: number) => `/v1/account/valid${100 + (index % 900)}/oauth-token`
  const headers = { authorization: `Bearer ${token}` }
  const body = await (await fetch(httpUrl + path(0), { headers })).text()
  const child = await startChild(new URL('./http-floor.js', import.meta.url), { args: [body] })
  const floorUrl = await new Promise<string>((resolve) => {
    child.once('message', (message) => resolve(message as string))
    child.send('where')
  })
  const [ours, floor] = await inTurns(
    [
      await httpContender('oauth-token', { url: httpUrl, count, headers, path }),
      await httpContender('bare', { url: floorUrl, count, headers, path }),
    ],
    { rounds: 7 },
  )
  child.kill()
  return [
    {
      what: 'GET oauth-token, from memory, 128 in flight',
      perSecond: ours?.perSecond ?? 0,
      floor: 'bare Fastify route with the same body',
      floorPerSecond: floor?.perSecond ?? 0,
    },
  ]
}
