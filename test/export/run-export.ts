import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrivateKey } from '../../src/common/recipient-key.ts'
import { openRows } from '../../src/common/sealed-rows.ts'
import { readLines } from '../../src/import/text-lines.ts'
import { runTokenbus } from '../cli/run-command.ts'
import { testKeys } from '../support/node.ts'

const keyPairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  x25519: generateKeyPairSync('x25519'),
}

export interface Exporting {
  readonly redisUrl: string
  readonly natsUrl: string
  /** The file goes there. */
  readonly directory: string
  readonly name: string
  readonly sealedTo?: keyof typeof keyPairs
  readonly options?: readonly string[]
}

/** `tokenbus export`, and what it printed, wrote, and who may open it. */
export async function runExport({ redisUrl, natsUrl, directory, name, ...how }: Exporting) {
  const path = join(directory, name)
  const { publicKey, privateKey } = keyPairs[how.sealedTo ?? 'ec']
  await writeFile(`${path}.pem`, publicKey.export({ type: 'spki', format: 'pem' }))
  const command = ['--json', 'export', path, '--recipient', `${path}.pem`, ...(how.options ?? [])]
  const ran = await runTokenbus(command, {
    env: { TOKENBUS_REDIS_URL: redisUrl, TOKENBUS_NATS_URL: natsUrl, TOKENBUS_KEYS: testKeys },
  })
  const identity = await readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  const lines = ran.out.split('\n').map((line) => JSON.parse(line))
  return { ...ran, path, identity, lines }
}

export async function rowsIn({
  path,
  identity,
}: Pick<Awaited<ReturnType<typeof runExport>>, 'path' | 'identity'>) {
  const rows: Record<string, unknown>[] = []
  for await (const { text } of openRows({ lines: readLines(path), identity })) rows.push(JSON.parse(text))
  return rows
}
