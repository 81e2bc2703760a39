import { z } from 'zod'

/** Numbers, booleans and lists as a query spells them. */
export const fromText = {
  number: <S extends z.ZodType<number, number>>(schema: S) =>
    z
      .string()
      .regex(/^\d{1,9}(?:\.\d{1,9})?$/, 'must be a number')
      .transform(Number)
      .pipe(schema),
  /** With spaces between, as RFC 6749 §3.3 has it. */
  words: <S extends z.ZodType<string[], string[]>>(schema: S) =>
    z
      .string()
      .transform((text) => text.split(' '))
      .pipe(schema),
  boolean: () => z.enum(['true', 'false']).transform((text) => text === 'true'),
}
