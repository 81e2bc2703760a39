import { once } from 'node:events'
import { createServer } from 'node:net'

/** The port people expect, else any free one on loopback. */
export async function portNear(usual: number): Promise<number> {
  return (await tryPort(usual)) ?? ((await tryPort(0)) as number)
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
