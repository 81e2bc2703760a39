import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort, startProgram } from './spawned.js'

const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('./django-oauth-toolkit.py', import.meta.url))

/** Debian's python3-django-oauth-toolkit; undefined where it is not installed. */
export async function start({ client, redirectUri }) {
  if (spawnSync(python, ['-c', 'import oauth2_provider']).status !== 0) return undefined
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [program, String(port), client.id, client.secret, redirectUri]
  const { stop } = await startProgram({ command: python, args, port })
  const control = async (verb) => void (await fetch(`${url}/control/${verb}`))
  return {
    authorizeUrl: `${url}/o/authorize/`,
    tokenUrl: `${url}/o/token/`,
    revocationUrl: `${url}/o/revoke_token/`,
    setSecret: (secret) => control(`secret?${new URLSearchParams({ secret })}`),
    revoke: () => control('revoke'),
    close: stop,
  }
}
