import { parse } from 'csv-parse/sync'
import { type FileValue, parsedJson } from './file-value.ts'
import { UnreadableSource } from './rows.ts'
import { readLines, type TextLine } from './text-lines.ts'

interface CsvFile {
  readonly path: string
  /** The column names that are allowed in the header line. */
  readonly columns: readonly string[]
}

/** A quoted cell may contain line breaks; bounded so that an unclosed quote does not swallow the rest of the file. */
const maxLinesOfARow = 100

/**
 * The rows of a CSV file with a header line; `scopes` separated by spaces, `metadata` as JSON, empty cells left out. Parsed
 * row by row, so that a malformed row does not affect others. The parser's messages are not shown, because they quote cells.
 */
export async function* readCsv({ path, columns }: CsvFile): AsyncGenerator<FileValue> {
  const lines = lookingAhead(readLines(path))
  const names = checkedNames({ path, columns }, parseCells((await lines.next())?.text ?? ''))
  for (let first = await lines.next(); first !== undefined; first = await lines.next()) {
    const { line, text } = first
    if (text.trim() === '') continue
    const row = await readRow({ first, lines, length: names.length })
    if ('cells' in row) yield { line, value: rowOf(names, row.cells) }
    else yield { line, problem: row.problem }
  }
}

interface LookAhead {
  next(): Promise<TextLine | undefined>
  putBack(lines: readonly TextLine[]): void
}
type Cells = readonly string[] | 'open' | 'wrong'

interface RowAt {
  readonly first: TextLine
  readonly lines: LookAhead
  /** The required number of cells. */
  readonly length: number
}

type ReadRow = { readonly cells: readonly string[] } | { readonly problem: string }

async function readRow({ first, lines, length }: RowAt): Promise<ReadRow> {
  const taken: TextLine[] = []
  let text = first.text
  let cells = parseCells(text)
  while (cells === 'open' && taken.length < maxLinesOfARow) {
    const next = await lines.next()
    if (next === undefined) break
    taken.push(next)
    text += `\n${next.text}`
    cells = parseCells(text)
  }
  if (typeof cells === 'object' && cells.length === length) return { cells }
  lines.putBack(taken)
  const fits = typeof cells === 'object' && taken.length === 0
  return {
    problem: fits
      ? `has ${cells.length} cells, but the header line has ${length} columns`
      : 'its quotes are unbalanced',
  }
}

function lookingAhead(source: AsyncGenerator<TextLine>): LookAhead {
  const waiting: TextLine[] = []
  return {
    async next() {
      const held = waiting.shift()
      if (held !== undefined) return held
      const { value, done } = await source.next()
      return done ? undefined : { ...value, text: value.text.replace(/\r$/, '') }
    },
    putBack: (lines) => void waiting.unshift(...lines),
  }
}

/** `open`: a quoted cell continues on the next line. */
function parseCells(text: string): Cells {
  try {
    const [cells = []] = parse(text, { record_delimiter: '\0' }) as string[][]
    return cells
  } catch (error) {
    return (error as { code?: string }).code === 'CSV_QUOTE_NOT_CLOSED' ? 'open' : 'wrong'
  }
}

function checkedNames({ path, columns }: CsvFile, names: Cells): readonly string[] {
  const refuse = (what: string) =>
    new UnreadableSource(
      `The header line of ${path} has ${what}; the columns may be ${columns.join(', ')}. Nothing was imported.`,
    )
  if (typeof names === 'string' || names.length === 0) throw refuse('no column names')
  if (names.some((name) => !columns.includes(name))) throw refuse('unknown column names')
  if (new Set(names).size < names.length) throw refuse('a duplicate column name')
  return names
}

const inJson = new Set(['metadata', 'params', 'extra'])

function rowOf(names: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const given = names
    .map((name, index) => [name, cells[index] ?? ''] as const)
    .filter(([, cell]) => cell !== '')
  return Object.fromEntries(
    given.map(([name, cell]) => {
      if (name === 'scopes') return [name, cell.split(/\s+/)]
      return [name, inJson.has(name) ? parsedJson(cell) : cell]
    }),
  )
}
