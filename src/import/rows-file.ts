import { accountPutSchema } from '../contract/account.ts'
import { readCsv } from './csv-values.ts'
import { openFileSource } from './file-source.ts'
import { type FileValue, parsedJson } from './file-value.ts'
import type { Source } from './rows.ts'
import { readLines } from './text-lines.ts'

export type Format = 'csv' | 'jsonl'

/** Apps and accounts from JSON lines, or accounts from CSV. Rejects with `UnreadableSource`. */
export function openRowsFile({
  path,
  format,
  lastWins = false,
}: {
  path: string
  format: Format
  lastWins?: boolean
}): Promise<Source> {
  const columns = [
    'account',
    ...Object.keys(accountPutSchema.omit({ ifVersion: true, ifGeneration: true }).shape),
  ]
  const read = () => (format === 'csv' ? readCsv({ path, columns }) : readJsonLines(path))
  return openFileSource({ read, lastWins })
}

async function* readJsonLines(path: string): AsyncGenerator<FileValue> {
  for await (const { line, text } of readLines(path)) {
    if (text.trim() !== '') yield { line, value: parsedJson(text) }
  }
}
