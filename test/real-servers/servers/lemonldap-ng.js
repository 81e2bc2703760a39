import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from './listen.js'
import { freePort, startProgram } from './spawned.js'

const portal = '/usr/share/lemonldap-ng/portal'
const iniOf = (folder) => `
[all]
logLevel = error
[configuration]
type = File
dirName = ${folder}/conf
[portal]
templateDir = ${portal}/templates
staticPrefix = /static
languages = en
`

/** Debian's LemonLDAP::NG: its portal with the OpenID Connect issuer; the person has signed in, and is asked nothing. */
export async function start({ client, redirectUri }) {
  const loads = spawnSync('perl', ['-MPlack', '-MLemonldap::NG::Portal::Issuer::OpenIDConnect', '-e', '1'])
  if (loads.status !== 0) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'lemonldap-'))
  for (const each of ['conf', 'cache', 'sessions', 'sessions/lock', 'psessions', 'psessions/lock'])
    await mkdir(join(folder, each))
  await writeFile(join(folder, 'lemonldap-ng.ini'), iniOf(folder))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const configure = (secret) =>
    writeFile(
      join(folder, 'conf/lmConf-1.json'),
      JSON.stringify(configurationOf({ folder, url, keys, redirectUri, client: { ...client, secret } })),
    )
  const run = () =>
    startProgram({
      command: 'plackup',
      args: [
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '-E',
        'deployment',
        `${portal}/htdocs/index.psgi`,
      ],
      env: { LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini') },
      port,
    })
  await configure(client.secret)
  let program = await run()
  const signedIn = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ user: 'dwho', password: 'dwho' }),
  })
  const cookie = signedIn.headers.getSetCookie().map((each) => each.split(';')[0])
  // Cookies of the person's browser at this server stay here.
  const page = await listen(() => async (request) => {
    const { search } = new URL(request.url)
    return fetch(`${url}/oauth2/authorize${search}`, {
      redirect: 'manual',
      headers: { cookie: cookie.join('; ') },
    })
  })
  return {
    authorizeUrl: `${page.url}/authorize`,
    tokenUrl: `${url}/oauth2/token`,
    async setSecret(secret) {
      await program.stop()
      await configure(secret)
      program = await run()
    },
    async revoke() {
      for (const name of await readdir(join(folder, 'sessions'))) {
        const file = join(folder, 'sessions', name)
        const session = await readFile(file, 'utf8').catch(() => '')
        if (session.includes('refresh_token')) await rm(file)
      }
    },
    async close() {
      page.close()
      await program.stop()
      await rm(folder, { recursive: true })
    },
  }
}

function configurationOf({ folder, url, keys, redirectUri, client }) {
  const storage = (name) => ({
    Directory: join(folder, name),
    LockDirectory: join(folder, name, 'lock'),
    generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256',
  })
  return {
    cfgNum: 1,
    cfgAuthor: 'tokenbus',
    cfgDate: 1,
    cfgVersion: '2.16.1',
    portal: `${url}/`,
    domain: '127.0.0.1',
    cookieName: 'lemonldap',
    securedCookie: 0,
    requireToken: 0,
    key: 'a key of these tests',
    // Its own wants ImageMagick, though none is asked for.
    captcha: '::Plugins::PublicPages',
    authentication: 'Demo',
    userDB: 'Same',
    passwordDB: 'Demo',
    registerDB: 'Null',
    locationRules: { '127.0.0.1': { default: 'accept' } },
    demoExportedVars: { cn: 'cn', mail: 'mail', uid: 'uid' },
    whatToTrace: '_whatToTrace',
    macros: { _whatToTrace: '$uid' },
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: storage('sessions'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: storage('psessions'),
    localSessionStorage: 'Cache::FileCache',
    localSessionStorageOptions: { cache_root: join(folder, 'cache'), namespace: 'sessions' },
    issuerDBOpenIDConnectActivation: 1,
    issuerDBOpenIDConnectPath: '^/oauth2/',
    issuerDBOpenIDConnectRule: 1,
    oidcServiceAllowAuthorizationCodeFlow: 1,
    oidcServicePrivateKeySig: keys.privateKey,
    oidcServicePublicKeySig: keys.publicKey,
    oidcServiceKeyIdSig: 'k1',
    oidcRPMetaDataOptions: {
      tokenbus: {
        oidcRPMetaDataOptionsClientID: client.id,
        oidcRPMetaDataOptionsClientSecret: client.secret,
        oidcRPMetaDataOptionsRedirectUris: redirectUri,
        oidcRPMetaDataOptionsAllowOffline: 1,
        oidcRPMetaDataOptionsBypassConsent: 1,
        oidcRPMetaDataOptionsIDTokenSignAlg: 'RS256',
        oidcRPMetaDataOptionsAccessTokenExpiration: 3_600,
      },
    },
  }
}
