import { stripVTControlCharacters } from 'node:util'
import { createColors } from 'picocolors'

/** Where a command reads and writes; the process in earnest, a recorder in tests. */
export interface Terminal {
  out(line: string): void
  err(line: string): void
  readonly colour: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  stdin(): Promise<string>
  /** Resolves when the person wants to end a command that would go on. */
  readonly interrupted: Promise<void>
}

export type Colours = ReturnType<typeof createColors>

export const coloursOf = (colour: boolean): Colours => createColors(colour)

/** Rows of equal columns, two spaces apart; width is counted without colour. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => stripVTControlCharacters(row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stripVTControlCharacters(cell).length))
      .join('  ')
      .trimEnd(),
  )
}

/** One fact a line, names aligned; what is absent is left out. */
export function facts(values: Readonly<Record<string, unknown>>, colours: Colours): string[] {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null)
  return table(
    known.map(([name, value]) => [
      colours.dim(name),
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
}

const stateColours = {
  valid: 'green',
  healthy: 'green',
  expiring: 'yellow',
  'secret-expiring': 'yellow',
  throttled: 'yellow',
  refreshing: 'cyan',
  revoked: 'red',
  'secret-expired': 'magenta',
} as const

export function paintState(state: string, colours: Colours): string {
  const name = stateColours[state as keyof typeof stateColours]
  return name === undefined ? state : colours[name](state)
}
