/** Who got a token of whom, and when; never the token. */
export interface Audit {
  /**
   * `who` is the id of an API token, or a caller on NATS, escaped for JSON. `details` are further members of the line,
   * each with a comma before it.
   */
  tokenRead(who: string, account: string, details?: string): void
  /** Somebody switched tokens over HTTP on or off. */
  tokenApiTurned(who: string, enabled: boolean, details?: string): void
  /** Opens its file anew, which was moved away; does nothing where there is none. */
  reopen(): void
  /** Writes what waits, for good. */
  close(): Promise<void> | void
}

const plain = /^[\w@.+-]*$/

/**
 * A JSON line each, whatever the log level: `level, time, audit: "token.read", who, account, msg`, over NATS also
 * `natsAccount` or `unverified: true`. The lines of one turn of the event loop are written together and have one time.
 */
export function createAudit(stream: Pick<NodeJS.WritableStream, 'write'>): Audit {
  let lines = ''
  let head = ''

  function flush(): void {
    const text = lines
    lines = ''
    if (text !== '') stream.write(text)
  }

  return {
    tokenRead(who, account, details = '') {
      if (lines === '') {
        head = `{"level":30,"time":"${new Date().toISOString()}","audit":"token.read","who":"`
        setImmediate(flush)
      }
      // By hand, and the account without a quoting that it hardly ever needs: building objects to print is what would cost.
      const quoted = plain.test(account) ? `"${account}"` : JSON.stringify(account)
      lines += `${head}${who}","account":${quoted}${details},"msg":"token read"}\n`
    },
    tokenApiTurned(who, enabled, details = '') {
      flush()
      const time = new Date().toISOString()
      stream.write(
        `{"level":30,"time":"${time}","audit":"token-api.turned","who":"${who}","enabled":${enabled}${details},"msg":"tokens over HTTP switched ${enabled ? 'on' : 'off'}"}\n`,
      )
    },
    reopen() {},
    close: flush,
  }
}

export const unaudited: Audit = { tokenRead() {}, tokenApiTurned() {}, reopen() {}, close() {} }
