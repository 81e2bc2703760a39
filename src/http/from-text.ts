import { z } from 'zod'

/** Numbers, booleans and lists in a query string. */
export const fromText = {
  number: <S extends z.ZodType<number, number>>(schema: S) =>
    z
      .string()
      .regex(/^\d{1,9}(?:\.\d{1,9})?$/, 'must be a number')
      .transform(Number)
      .pipe(schema),
  /** Separated by spaces, as in RFC 6749 §3.3. */
  words: <S extends z.ZodType<string[], string[]>>(schema: S) =>
    z
      .string()
      .transform((text) => text.split(' '))
      .pipe(schema),
  boolean: () => z.enum(['true', 'false']).transform((text) => text === 'true'),
}
