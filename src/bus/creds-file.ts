import { readFile } from 'node:fs/promises'
import { StartError } from '../start-error.ts'

/** A NATS credentials file: what to sign in with, and the name of its user if the JWT tells. */
export async function readCreds(path: string): Promise<{ bytes: Uint8Array; user: string | undefined }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StartError(`The NATS credentials file ${path} cannot be read.`, { cause })
  })
  const jwt = /-{3,}BEGIN NATS USER JWT-{3,}\s+(\S+)\s+-{3,}END/.exec(bytes.toString('utf8'))?.[1]
  if (jwt === undefined) throw new StartError(`The file ${path} holds no NATS user credentials.`)
  return { bytes, user: userName(jwt) }
}

function userName(jwt: string): string | undefined {
  try {
    const { name } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
