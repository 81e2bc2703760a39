import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { type RecipientKey, UnusableKey } from '../common/recipient-key.ts'

/** Reads a key from a file; errors name the option and the rule, never the key. */
export async function readKeyFile(
  path: string,
  { named, read }: { named: string; read: (text: string) => Promise<RecipientKey> },
): Promise<RecipientKey> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new InvalidArgumentError(`${named}: the file ${path} cannot be read.`)
  })
  try {
    return await read(text)
  } catch (error) {
    throw error instanceof UnusableKey ? new InvalidArgumentError(`${named}: ${error.message}`) : error
  }
}
