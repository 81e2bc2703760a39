import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort, startProgram } from './spawned.js'

const ruby = '/usr/bin/ruby'
const program = fileURLToPath(new URL('./doorkeeper.rb', import.meta.url))
const needed = ['doorkeeper', 'activerecord', 'sqlite3', 'webrick']

/** Debian's ruby-doorkeeper, with ruby-activerecord, ruby-sqlite3 and ruby-webrick; undefined where it is not installed. */
export async function start({ client, redirectUri }) {
  if (spawnSync(ruby, ['-e', 'ARGV.each { |name| gem name }', ...needed]).status !== 0) return undefined
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [program, String(port), client.id, client.secret, redirectUri]
  const { stop } = await startProgram({ command: ruby, args, port })
  const control = async (verb) => void (await fetch(`${url}/control/${verb}`))
  return {
    authorizeUrl: `${url}/oauth/authorize`,
    tokenUrl: `${url}/oauth/token`,
    revocationUrl: `${url}/oauth/revoke`,
    setSecret: (secret) => control(`secret?${new URLSearchParams({ secret })}`),
    revoke: () => control('revoke'),
    close: stop,
  }
}
