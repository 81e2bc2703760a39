import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCreds } from '../../src/bus/creds-file.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-creds-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function credsWith(claims: string): Promise<string> {
  const path = join(directory, 'user.creds')
  const jwt = ['{"alg":"ed25519-nkey"}', claims, 'signature'].map((part) =>
    Buffer.from(part).toString('base64url'),
  )
  const header = '-----BEGIN NATS USER JWT-----'
  await writeFile(path, `${header}\n${jwt.join('.')}\n------END NATS USER JWT------\n`)
  return path
}

it('the user is the name in the JWT', async () => {
  const creds = await readCreds(await credsWith('{"name":"tokenbus","sub":"UABC"}'))
  expect(creds.user).toBe('tokenbus')
})

it.each(['{"sub":"UABC"}', 'not json', '{"name":""}'])(
  'there is no user if the JWT is %s',
  async (claims) => {
    const creds = await readCreds(await credsWith(claims))
    expect(creds.user).toBeUndefined()
  },
)
