import { z } from 'zod'

/** Thrown for an invalid cursor. */
export class BadCursor extends Error {}

const schema = z.tuple([z.int().min(-1), z.string()])

/** The position of a listing: the partition (-1: merged, ordered by id), and the last id answered. */
export type Cursor = z.infer<typeof schema>

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

export function decodeCursor(text: string): Cursor {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    throw new BadCursor('not a cursor', { cause })
  }
}
