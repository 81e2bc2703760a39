interface Parsed {
  readonly text: string | undefined
  readonly context: Readonly<Record<string, unknown>>
}

const parsed = new WeakMap<ReadonlyMap<string, string>, Parsed>()

/** The context of a record's snapshot, parsed once per write. */
export function storedContextOf<Context extends object>(
  fields: ReadonlyMap<string, string> | undefined,
): Partial<Context> {
  if (fields === undefined) return {}
  const text = fields.get('s')
  let known = parsed.get(fields)
  if (known === undefined || known.text !== text) {
    known = { text, context: text === undefined ? {} : JSON.parse(text).context }
    parsed.set(fields, known)
  }
  return known.context as Partial<Context>
}
