import { stripVTControlCharacters } from 'node:util'
import { createColors } from 'picocolors'
import { escapeControl } from '../common/control-characters.ts'

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

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan'
export type Colours = Readonly<Record<Colour, (text: string) => string>>

export const coloursOf = (colour: boolean): Colours => createColors(colour)

/**
 * What somebody else has chosen, as a person may be shown it: with no character that moves the cursor, begins a line, or
 * hides what stands beside it.
 */
export function shown<T>(value: T): T {
  if (typeof value === 'string') return escapeControl(value) as T
  if (Array.isArray(value)) return value.map(shown) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [shown(name), shown(each)])) as T
}

/** One line of JSON, which means the same as it would unescaped. */
export const jsonLine = (value: unknown) => escapeControl(JSON.stringify(value))

type Rows = readonly (readonly string[])[]

const widthOf = (cell: string) => stripVTControlCharacters(cell).length

/** Makes lines of rows that come in parts: columns are as wide as the widest cell so far, two spaces apart. */
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
