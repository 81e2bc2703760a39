import { randomUUID } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { z } from 'zod'
import type { RecipientKey } from './recipient-key.ts'

const type = 'tokenbus-export'
const encryption = 'A256GCM'

/** Authenticated together with the content, so that a piece left out, moved or taken from another file is detected. */
const headerSchema = z.looseObject({
  typ: z.literal(type),
  kid: z.string(),
  /** The content type of the rows. */
  cty: z.string(),
  /** The same in all pieces of one file. */
  series: z.string(),
  piece: z.int().nonnegative(),
  /** In the last piece: how many rows there are in all. */
  rows: z.int().nonnegative().optional(),
})

/** Bounds of a piece, which a reader holds in memory as a whole. */
const maxRows = 200
const maxCharacters = 500_000

export interface SealRows {
  readonly rows: AsyncIterable<object>
  readonly content: string
  readonly recipient: RecipientKey
}

/** Yields lines, each a compact JWE (RFC 7516) of several rows as JSON lines. The last one is empty and carries the row count. */
export async function* sealRows({ rows, content, recipient }: SealRows): AsyncGenerator<string> {
  const { key, algorithm: alg, thumbprint: kid } = recipient
  const series = randomUUID()
  let piece = 0
  let count = 0
  let held: string[] = []
  let characters = 0
  const seal = (end: { rows?: number } = {}) => {
    const text = held.join('\n')
    held = []
    characters = 0
    return new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({
        alg,
        enc: encryption,
        typ: type,
        kid,
        cty: content,
        series,
        piece: piece++,
        ...end,
      })
      .encrypt(key)
  }

  for await (const row of rows) {
    const text = JSON.stringify(row)
    held.push(text)
    count++
    characters += text.length
    if (held.length >= maxRows || characters >= maxCharacters) yield seal()
  }
  if (held.length > 0) yield seal()
  yield seal({ rows: count })
}

/** The file cannot be decrypted, or is incomplete. The message is a predicate, such as `is damaged (line 3)`. */
export class UnopenedRows extends Error {}

export interface OpenRows {
  readonly lines: AsyncIterable<{ readonly line: number; readonly text: string }>
  readonly identity: RecipientKey
}

export interface OpenedRow {
  /** The first is 1. */
  readonly row: number
  readonly text: string
  readonly content: string
}

/** Rejects with `UnopenedRows` at the first line that is not the next piece, or at the end if the last piece is missing. */
export async function* openRows({ lines, identity }: OpenRows): AsyncGenerator<OpenedRow> {
  let row = 0
  let next = 0
  let series: string | undefined
  let ended = false
  for await (const { line, text } of lines) {
    if (text.trim() === '') continue
    const { header, rows } = await openPiece(text.trim(), { identity, line })
    series ??= header.series
    if (ended || header.series !== series || header.piece !== next++)
      throw new UnopenedRows(`has lines left out, moved or added (line ${line})`)
    for (const each of rows) yield { row: ++row, text: each, content: header.cty }
    ended = header.rows !== undefined
    if (ended && header.rows !== row) throw new UnopenedRows('does not have as many rows as were written')
  }
  if (!ended) throw new UnopenedRows('is incomplete: its end is missing')
}

async function openPiece(text: string, { identity, line }: { identity: RecipientKey; line: number }) {
  const { algorithm, key, thumbprint } = identity
  const header = headerOf(text)
  if (header === undefined) throw new UnopenedRows(`is not an export of tokenbus (line ${line})`)
  if (header.kid !== thumbprint)
    throw new UnopenedRows(`is encrypted to the key ${header.kid}, not to the one given, ${thumbprint}`)
  const { plaintext } = await compactDecrypt(text, key, {
    keyManagementAlgorithms: [algorithm],
    contentEncryptionAlgorithms: [encryption],
  }).catch((cause) => {
    throw new UnopenedRows(`is damaged (line ${line})`, { cause })
  })
  const rows = new TextDecoder().decode(plaintext)
  return { header, rows: rows === '' ? [] : rows.split('\n') }
}

/** Unauthenticated until the piece has been decrypted. */
function headerOf(text: string) {
  try {
    const [encoded = ''] = text.split('.', 1)
    return headerSchema.safeParse(JSON.parse(Buffer.from(encoded, 'base64url').toString())).data
  } catch {
    return undefined
  }
}
