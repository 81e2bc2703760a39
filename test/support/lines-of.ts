import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'

/** A logger, and its lines. */
export function linesOf(): { logger: Logger; lines: () => Record<string, unknown>[] } {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  const lines = () =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return { logger: pino({ level: 'info' }, stream), lines }
}
