import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { portNear, startNear } from '../../src/common/free-port.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

async function listen(port: number): Promise<number> {
  const server = createServer()
  servers.push(server)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return port
}

it('the usual port is used if it is free, else another', async () => {
  const port = await portNear(0)
  expect(await startNear(port, listen)).toBe(port)
  expect(await startNear(port, listen)).not.toBe(port)
})

it('if another process takes the port at the last moment, another port is used', async () => {
  const usual = await portNear(0)
  const tried: number[] = []
  const started = await startNear(usual, async (port) => {
    tried.push(port)
    if (port === usual) await listen(port)
    return listen(port)
  })
  expect(tried).toEqual([usual, started])
})

it('other errors are not retried', async () => {
  const tried: number[] = []
  const starting = startNear(0, async (port) => {
    tried.push(port)
    throw new Error('no disk')
  })
  await expect(starting).rejects.toThrow('no disk')
  expect(tried).toHaveLength(1)
})
