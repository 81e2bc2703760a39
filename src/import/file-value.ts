/** A row of a file before it is judged, or why it is none. */
export type FileValue = { readonly line: number } & (
  | { readonly value: unknown }
  | { readonly problem: string }
)

/** Null for what is no JSON: no row either. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
