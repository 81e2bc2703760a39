import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from './listen.js'
import { freePort, startProgram } from './spawned.js'

const tables = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
const configOf = ({ port, folder }) => `
port=${port}
external_url="http://127.0.0.1:${port}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="INFO"
session_expiration=2419200
session_key="session"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3", path = "${folder}/db" }
`

/** Debian's glewlwyd with its OAuth 2 plugin; whoever comes is its administrator, who has consented. */
export async function start({ client, redirectUri, scopes }) {
  if (!existsSync('/usr/bin/glewlwyd') || spawnSync('sqlite3', ['--version']).status !== 0) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'glewlwyd-'))
  const port = await freePort()
  spawnSync('sqlite3', [join(folder, 'db')], { input: await readFile(tables) })
  await writeFile(join(folder, 'conf'), configOf({ port, folder }))
  const { stop } = await startProgram({
    command: 'glewlwyd',
    args: ['--config-file', join(folder, 'conf')],
    port,
  })
  const url = `http://127.0.0.1:${port}/api`
  let cookie = ''
  async function call(method, path, body) {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status} ${await answer.text()}`)
    return answer
  }
  const signedIn = await call('POST', '/auth/', { username: 'admin', password: 'password' })
  cookie = signedIn.headers.getSetCookie()[0].split(';')[0]
  for (const name of scopes.filter((scope) => scope !== 'openid'))
    await call('POST', '/scope/', { name, display_name: name, password_required: false, scheme: {} })
  await call('PUT', '/user/admin', { scope: ['g_admin', 'g_profile', ...scopes], enabled: true })
  await call('POST', '/mod/plugin/', {
    module: 'oauth2-glewlwyd',
    name: 'glwd',
    display_name: 'OAuth 2',
    enabled: true,
    parameters,
  })
  const registered = {
    client_id: client.id,
    name: 'tokenbus',
    confidential: true,
    enabled: true,
    password: client.secret,
    redirect_uri: [redirectUri],
    authorization_type: ['code', 'refresh_token'],
  }
  await call('POST', '/client/', registered)
  await call('PUT', `/auth/grant/${client.id}`, { scope: scopes.join(' ') })
  // Its sign-in page is a program of its own, which comes back with `g_continue`.
  const page = await listen(() => (request) => {
    const { search } = new URL(request.url)
    return fetch(`${url}/glwd/auth${search}&g_continue`, { redirect: 'manual', headers: { cookie } })
  })
  return {
    authorizeUrl: `${page.url}/auth`,
    tokenUrl: `${url}/glwd/token`,
    revocationUrl: `${url}/glwd/revoke`,
    setSecret: async (password) =>
      void (await call('PUT', `/client/${client.id}`, { ...registered, password })),
    revoke() {
      spawnSync('sqlite3', [join(folder, 'db'), 'update gpg_refresh_token set gpgr_enabled = 0;'])
    },
    async close() {
      page.close()
      await stop()
      await rm(folder, { recursive: true })
    },
  }
}

const parameters = {
  'jwt-type': 'sha',
  'jwt-key-size': '256',
  key: 'a key of these tests',
  'access-token-duration': 3_600,
  'refresh-token-duration': 86_400,
  'code-duration': 600,
  'refresh-token-rolling': true,
  'auth-type-code-enabled': true,
  'auth-type-implicit-enabled': false,
  'auth-type-password-enabled': false,
  'auth-type-client-enabled': false,
  'auth-type-device-enabled': false,
  'auth-type-refresh-enabled': true,
  'pkce-allowed': true,
  'introspection-revocation-allowed': true,
  'introspection-revocation-allow-target-client': true,
  scope: [],
  'additional-parameters': [],
}
