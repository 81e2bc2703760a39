import { readFile } from 'node:fs/promises'
import { type Authenticator, credsAuthenticator, nkeyAuthenticator, nkeys } from 'nats'
import { StartError } from '../common/start-error.ts'

/** How to authenticate, and the user name that the private inbox is derived from, if the file has one. */
export interface Creds {
  readonly authenticator: Authenticator
  readonly user: string | undefined
}

/**
 * Reads a NATS credentials file: a user JWT with its seed, as `nsc` writes it (the user is the JWT's name), or the seed of an
 * NKey alone (the user is its public key).
 */
export async function readCreds(path: string): Promise<Creds> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StartError(`The NATS credentials file ${path} cannot be read.`, { cause })
  })
  const text = bytes.toString('utf8')
  const jwt = /-{3,}BEGIN NATS USER JWT-{3,}\s+(\S+)\s+-{3,}END/.exec(text)?.[1]
  if (jwt !== undefined) return { authenticator: credsAuthenticator(bytes), user: userName(jwt) }
  const seed = /^SU[A-Z2-7]{56}$/m.exec(text)?.[0]
  const user = seed && publicKey(seed)
  if (seed === undefined || user === undefined)
    throw new StartError(
      `The file ${path} contains no NATS user credentials (a user JWT with its seed, or an NKey seed).`,
    )
  return { authenticator: nkeyAuthenticator(Buffer.from(seed)), user }
}

function publicKey(seed: string): string | undefined {
  try {
    return String(nkeys.fromSeed(Buffer.from(seed)).getPublicKey())
  } catch {
    return undefined
  }
}

function userName(jwt: string): string | undefined {
  try {
    const { name } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
