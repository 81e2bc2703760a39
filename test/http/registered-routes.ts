import { hardenedServer } from '../../src/http/hardened-server.ts'
import { addRoutes, type HttpOptions } from '../../src/http/server.ts'

/** Every route as `<method> <path>`, and the documentation; without a service behind them. */
export async function registeredRoutes() {
  const server = hardenedServer()
  const routes: string[] = []
  server.addHook('onRoute', ({ method, url }) => {
    // Where there is GET, there is HEAD.
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push(`${each} ${url}`)
  })
  const nothing = {} as never
  const options = {
    feed: { stop() {} },
    publicUrl: () => 'http://127.0.0.1',
    version: '0',
    metrics: { contentType: '', text: nothing },
    health: {},
  }
  await addRoutes(server, { ...options, limits: nothing, tokenbus: nothing } as unknown as HttpOptions & {
    limits: never
  })
  const { body } = await server.inject('/openapi.json')
  await server.close()
  return { routes, document: JSON.parse(body) }
}
