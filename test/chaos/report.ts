/** Informational counts of a run; all others are violations, and must be 0. */
const informative = new Set([
  'kills',
  'seconds',
  'accounts',
  'refreshes',
  'interrupted',
  'revoked',
  'reads',
  'served',
  'unanswered',
  'writes acknowledged',
])

export const brokenPromises = (findings: object): [string, number][] =>
  Object.entries(findings).filter(([what, count]) => !informative.has(what) && count > 0)

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
