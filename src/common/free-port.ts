import { once } from 'node:events'
import { createServer } from 'node:net'

/** The usual port if it is free on loopback, else any free one. */
export async function portNear(usual: number): Promise<number> {
  return (await tryPort(usual)) ?? ((await tryPort(0)) as number)
}

/** Starts a server on `portNear(usual)`; retries once on another port if a different process took it in between. */
export async function startNear<Started>(
  usual: number,
  start: (port: number) => Promise<Started>,
): Promise<Started> {
  const port = await portNear(usual)
  try {
    return await start(port)
  } catch (error) {
    if ((await tryPort(port)) !== undefined) throw error
    return start(await portNear(0))
  }
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
