import { type Logger, pino } from 'pino'

/** JSON lines on stderr. Secrets cannot be printed by type; the paths are a net below that. */
export function createLogger({ level, stream }: { level: string; stream: NodeJS.WritableStream }): Logger {
  const secret = ['accessToken', 'refreshToken', 'clientSecret', 'secret', 'password', 'authorization']
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: '***' },
      serializers: { err: describeError },
    },
    stream,
  )
}

/** Name, message, code and cause; for bugs the stack. Objects hung on errors by libraries may hold anything. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as NodeJS.ErrnoException
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(error.cause !== undefined ? { cause: describeError(error.cause) } : { stack: error.stack }),
  }
}
