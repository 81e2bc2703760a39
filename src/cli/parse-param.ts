import { InvalidArgumentError } from 'commander'

/** Parses a repeatable option `name=value`. */
export function parseParam(text: string, known: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('must be name=value')
  return { ...known, [text.slice(0, at)]: text.slice(at + 1) }
}
