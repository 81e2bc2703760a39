import { createReadStream } from 'node:fs'
import { UnreadableSource } from './rows.ts'

export interface TextLine {
  /** The first is 1. */
  readonly line: number
  readonly text: string
}

const longestLine = 4 * 1024 * 1024
const newline = 0x0a
const byteOrderMark = '\ufeff'

/**
 * The lines of a UTF-8 file. Other encodings are refused, because ids would be stored garbled. Rejects with
 * `UnreadableSource`.
 */
export async function* readLines(path: string): AsyncGenerator<TextLine> {
  let line = 0
  for await (const bytes of byteLines(path)) {
    line++
    const text = decode(bytes, { path, line })
    yield { line, text: line === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text }
  }
}

async function* byteLines(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(path)) {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)])
      rest = []
      length = 0
      start = end + 1
    }
    rest.push(chunk.subarray(start))
    length += chunk.length - start
    if (length > longestLine) throw new UnreadableSource(`The file ${path} has a line of more than 4 MB.`)
  }
  if (length > 0) yield Buffer.concat(rest)
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer
  } catch (cause) {
    throw new UnreadableSource(`The file ${path} cannot be read. Nothing was imported.`, { cause })
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer, { path, line }: { path: string; line: number }): string {
  const refuse = (what: string, cause?: unknown) =>
    new UnreadableSource(`The file ${path} is ${what}: save it as UTF-8. Nothing was imported.`, { cause })
  const [first, second] = bytes
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if ((line === 1 && marked) || bytes.includes(0)) throw refuse('UTF-16 or UTF-32')
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw refuse(`not UTF-8 (line ${line})`, cause)
  }
}
