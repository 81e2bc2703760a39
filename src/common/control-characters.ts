/** C0, DEL and C1 controls, line and paragraph separators, and bidirectional formatting characters (UAX #9). */
const control = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const every = new RegExp(control, 'gu')

export const hasControl = (text: string) => control.test(text)

/** Replaces them by JSON's escapes, so JSON text keeps its meaning. */
export function escapeControl(text: string): string {
  return text.replace(every, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
