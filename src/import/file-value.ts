/** A row before validation, or why it cannot be parsed. */
export type FileValue = { readonly line: number } & (
  | { readonly value: unknown }
  | { readonly problem: string }
)

/** Null if the text is not JSON, which is not a valid row either. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
