import type { Outcome } from '../import/import-rows.ts'
import { type Colours, jsonLine, shown } from './terminal.ts'
import type { ExitCode, Tools } from './tools.ts'

type Counts = Record<Outcome['kind'], Partial<Record<Outcome['outcome'], number>>>

/** How many failures are repeated at the end; the others are only counted. */
const maxRepeated = 1_000

/** Prints each row's outcome, and at the end all failures again, with the counts. */
export function createImportReport({ terminal, json, colours }: Tools, { apply }: { apply: boolean }) {
  const counts: Counts = { app: {}, account: {} }
  const failures: Outcome[] = []

  function failedCount(): number {
    return (counts.app.failed ?? 0) + (counts.account.failed ?? 0)
  }

  function repeatFailures(): void {
    if (failedCount() === 0) return
    terminal.out('')
    terminal.out(colours.red(`${failedCount()} failed:`))
    for (const each of failures) terminal.out(outcomeLine(shown(each), colours))
    const more = failedCount() - failures.length
    if (more > 0) terminal.out(`and ${more} more, in the lines above`)
    terminal.out('')
  }

  return {
    add(row: Outcome): void {
      const count = counts[row.kind]
      count[row.outcome] = (count[row.outcome] ?? 0) + 1
      if (row.outcome === 'failed' && failures.length < maxRepeated) failures.push(row)
      terminal.out(json ? jsonLine(row) : outcomeLine(shown(row), colours))
    },
    end(): ExitCode {
      if (json) {
        const summary = { applied: apply, apps: counts.app, accounts: counts.account }
        terminal.out(jsonLine({ summary, failures }))
      } else {
        repeatFailures()
        for (const each of summaryLines(counts, apply)) terminal.out(each)
      }
      return failedCount() > 0 ? 1 : 0
    },
  }
}

const outcomeColours = {
  imported: 'green',
  new: 'green',
  changed: 'green',
  unchanged: 'dim',
  known: 'dim',
  skipped: 'yellow',
  failed: 'red',
} as const

function outcomeLine({ kind, id, line, outcome, reason = '' }: Outcome, colours: Colours): string {
  const cells = [
    ...(line === undefined ? [] : [colours.dim(String(line).padStart(6))]),
    colours[outcomeColours[outcome]](outcome.padEnd(9)),
    kind.padEnd(7),
    id,
    colours.dim(reason),
  ]
  return cells.join('  ').trimEnd()
}

const meanings = {
  new: '--apply would import',
  changed: '--apply would give another grant or other settings',
  known: '--apply would leave as they are',
} as const

function summaryLines({ app, account }: Counts, applied: boolean): string[] {
  const counted = (each: Counts['app']) => {
    const parts = Object.entries(each).map(([outcome, count]) => `${count} ${outcome}`)
    return parts.length > 0 ? parts.join(', ') : 'none'
  }
  const seen = Object.entries(meanings).filter(([name]) => name in app || name in account)
  return [
    `apps: ${counted(app)}; accounts: ${counted(account)}`,
    ...seen.map(([name, meaning]) => `${name}: ${meaning}`),
    ...(applied ? [] : ['This was a dry run: nothing was written. Add --apply to import.']),
  ]
}
