import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A port that nobody listens at just now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function listens(port) {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const patience = 60_000

/** Starts a program and waits until it listens; rejects with what it said if it ends before. */
export async function startProgram({ command, args, port, env = {} }) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk
    })
  const ended = () => child.exitCode !== null || child.signalCode !== null
  const deadline = performance.now() + patience
  while (!(await listens(port))) {
    if (ended() || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${command} does not listen: ${said}`)
    }
    await delay(50)
  }
  return {
    async stop() {
      child.kill('SIGTERM')
      if (!ended()) await once(child, 'exit')
    },
  }
}
