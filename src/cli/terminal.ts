import { stripVTControlCharacters } from 'node:util'
import { createColors } from 'picocolors'
import { escapeControl } from '../common/control-characters.ts'

/** The input and output of a command: the process, or a recorder in tests. */
export interface Terminal {
  out(line: string): void
  err(line: string): void
  readonly colour: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  stdin(): Promise<string>
  /** Resolves when the user interrupts a command that runs until then. */
  readonly interrupted: Promise<void>
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan'
export type Colours = Readonly<Record<Colour, (text: string) => string>>

export const coloursOf = (colour: boolean): Colours => createColors(colour)

/**
 * Escapes control characters in untrusted values before they are shown on a terminal, where they could move the cursor,
 * begin a line or hide other text.
 */
export function shown<T>(value: T): T {
  if (typeof value === 'string') return escapeControl(value) as T
  if (Array.isArray(value)) return value.map(shown) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [shown(name), shown(each)])) as T
}

/** One line of JSON with control characters escaped, which leaves its meaning unchanged. */
export const jsonLine = (value: unknown) => escapeControl(JSON.stringify(value))

type Rows = readonly (readonly string[])[]

const widthOf = (cell: string) => stripVTControlCharacters(cell).length

/** Formats rows in several batches; columns are as wide as the widest cell so far. */
export function createTable(): (rows: Rows) => string[] {
  const widths: number[] = []
  return (rows) => {
    for (const row of rows)
      for (const [column, cell] of row.entries())
        widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
    return rows.map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
  }
}

export const table = (rows: Rows) => createTable()(rows)

/** One field per line with aligned names; null and undefined are left out. */
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
