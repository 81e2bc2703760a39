/** Who got a token of whom, and when; never the token. */
export interface Audit {
  /** `who` is the id of an API token. */
  tokenRead(who: string, account: string): void
  /** Writes what waits. */
  flush(): void
}

/**
 * A JSON line each, whatever the log level: `level, time, audit: "token.read", who, account, msg`. The lines of one turn
 * of the event loop are written together.
 */
export function createAudit(stream: Pick<NodeJS.WritableStream, 'write'>): Audit {
  let lines = ''

  function flush(): void {
    const text = lines
    lines = ''
    if (text !== '') stream.write(text)
  }

  return {
    tokenRead(who, account) {
      if (lines === '') setImmediate(flush)
      const time = new Date().toISOString()
      lines += `${JSON.stringify({ level: 30, time, audit: 'token.read', who, account, msg: 'token read' })}\n`
    },
    flush,
  }
}
