import { exportContent } from '../common/export-content.ts'
import type { RecipientKey } from '../common/recipient-key.ts'
import { openRows, UnopenedRows } from '../common/sealed-rows.ts'
import { openFileSource } from './file-source.ts'
import { type FileValue, parsedJson } from './file-value.ts'
import { type Source, UnreadableSource } from './rows.ts'
import { readLines } from './text-lines.ts'

/** Apps and accounts from an export of tokenbus. Rejects with `UnreadableSource` if the file is incomplete, or not for this key. */
export function openSealedExport({
  path,
  identity,
}: {
  path: string
  identity: RecipientKey
}): Promise<Source> {
  async function* read(): AsyncGenerator<FileValue> {
    try {
      for await (const { row, text, content } of openRows({ lines: readLines(path), identity })) {
        if (content !== exportContent) throw new UnopenedRows(`is an export for another program (${content})`)
        yield { line: row, value: parsedJson(text) }
      }
    } catch (error) {
      if (!(error instanceof UnopenedRows)) throw error
      throw new UnreadableSource(`The file ${path} ${error.message}. Nothing was imported.`, { cause: error })
    }
  }
  return openFileSource({ read, lastWins: false })
}
