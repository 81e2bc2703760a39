/** Who got a token of whom, and when; never the token. */
export interface Audit {
  /** `who` is the id of an API token. */
  tokenRead(who: string, account: string): void
  /** Writes what waits. */
  flush(): void
}

/**
 * A JSON line each, whatever the log level: `level, time, audit: "token.read", who, account, msg`. The lines of one turn
 * of the event loop are written together and have one time.
 */
export function createAudit(stream: Pick<NodeJS.WritableStream, 'write'>): Audit {
  let lines = ''
  let time = ''

  function flush(): void {
    const text = lines
    lines = ''
    if (text !== '') stream.write(text)
  }

  return {
    tokenRead(who, account) {
      if (lines === '') {
        time = new Date().toISOString()
        setImmediate(flush)
      }
      // By hand: building an object to print it is what would cost.
      lines += `{"level":30,"time":"${time}","audit":"token.read","who":"${who}","account":${JSON.stringify(account)},"msg":"token read"}\n`
    },
    flush,
  }
}
