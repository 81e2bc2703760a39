import { type Logger, pino } from 'pino'

/** Logs JSON lines. `Secret` values print `***` by themselves; `redact` also covers plain strings under well-known names. */
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

/** Name, message, code and cause, or the stack if there is no cause. Other properties are left out: libraries may put secrets there. */
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
