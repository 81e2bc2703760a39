import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { parsePayload } from '../bus/parse-payload.ts'
import { accountPutSchema, newIdSchema } from '../schemas.ts'
import { type AccountRow, type Source, UnreadableSource } from './rows.ts'

/** One account: its id, and the payload of `account.put`. */
const rowSchema = accountPutSchema.extend({ account: newIdSchema })
const namedSchema = z.looseObject({ account: z.string().min(1) })

export type Format = 'csv' | 'jsonl'

/**
 * Accounts from a file. JSON lines: an object each, `account` and what `account.put` takes. CSV: the same names in the
 * first line; `scopes` separated by spaces, `metadata` as JSON, empty cells left out.
 */
export async function openRowsFile({ path, format }: { path: string; format: Format }): Promise<Source> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new UnreadableSource(`The file ${path} cannot be read. Nothing was imported.`, { cause })
  })
  const values = format === 'csv' ? fromCsv(text, path) : fromLines(text)
  return { apps: none(), accounts: rowsOf(values) }
}

interface Value {
  readonly line: number
  readonly value: unknown
}

async function* none(): AsyncGenerator<never> {}

async function* rowsOf(values: readonly Value[]): AsyncGenerator<AccountRow> {
  for (const { line, value } of values) {
    const id = namedSchema.safeParse(value).data?.account ?? `line ${line}`
    const read = parsePayload(rowSchema, new TextEncoder().encode(JSON.stringify(value) ?? 'null'))
    if (!read.ok) yield { id, fail: read.failure.message }
    else {
      const { account, ...put } = read.value
      yield { id: account, put }
    }
  }
}

function fromLines(text: string): Value[] {
  return text
    .split('\n')
    .map((each, index) => ({ line: index + 1, value: parsed(each) }))
    .filter(({ value }) => value !== '')
}

/** Null for what is no JSON: no row either. */
function parsed(text: string): unknown {
  const trimmed = text.trim()
  try {
    return trimmed === '' ? '' : JSON.parse(trimmed)
  } catch {
    return null
  }
}

function fromCsv(text: string, path: string): Value[] {
  try {
    const records = parse(text, {
      columns: true,
      bom: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as {
      record: Record<string, string>
      info: { lines: number }
    }[]
    return records.map(({ record, info }) => ({ line: info.lines, value: cells(record) }))
  } catch (cause) {
    const line = (cause as { lines?: number }).lines
    const where = line === undefined ? '' : ` (line ${line})`
    throw new UnreadableSource(
      `The file ${path} is not CSV with a first line of names${where}. Nothing was imported.`,
      {
        cause,
      },
    )
  }
}

function cells(record: Record<string, string>): Record<string, unknown> {
  const given = Object.entries(record).filter(([, cell]) => cell !== '')
  return Object.fromEntries(
    given.map(([name, cell]) => {
      if (name === 'scopes') return [name, cell.split(/\s+/)]
      return [name, name === 'metadata' ? parsed(cell) : cell]
    }),
  )
}
