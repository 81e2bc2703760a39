import { once } from 'node:events'
import { createServer } from 'node:net'

/** The port people expect, else any free one on loopback. */
export async function portNear(usual: number): Promise<number> {
  return (await tryPort(usual)) ?? ((await tryPort(0)) as number)
}

/** Starts something on such a port, and once more on another if a stranger took it between the look and the start. */
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
