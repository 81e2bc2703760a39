/** Undefined when the text is not JSON: the parser's own complaint quotes it, and it may be a secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
