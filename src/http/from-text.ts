import { z } from 'zod'

/** Numbers and booleans as a query spells them. */
export const fromText = {
  number: <S extends z.ZodType<number, number>>(schema: S) =>
    z
      .string()
      .regex(/^\d{1,9}(?:\.\d{1,9})?$/, 'must be a number')
      .transform(Number)
      .pipe(schema),
  boolean: () => z.enum(['true', 'false']).transform((text) => text === 'true'),
}
