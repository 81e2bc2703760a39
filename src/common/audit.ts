/** Records who read which account's token, and when; never the token. */
export interface Audit {
  /**
   * `who` is the id of an API token or names a caller on NATS, escaped for JSON. `details` is JSON text of further members,
   * each preceded by a comma.
   */
  tokenRead(who: string, account: string, details?: string): void
  /** Tokens over HTTP were switched on or off. */
  tokenApiTurned(who: string, enabled: boolean, details?: string): void
  /** Reopens the audit file after a log rotation moved it; without a file does nothing. */
  reopen(): void
  /** Writes the buffered lines and ends. */
  close(): Promise<void> | void
}

const plain = /^[\w@.+-]*$/

/**
 * One JSON line per record, independent of the log level: `level, time, audit: "token.read", who, account, msg`, over NATS
 * also `natsAccount` or `unverified: true`. Lines of one event-loop iteration are written together and share one time.
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
      // Concatenated by hand: on this hot path an object and JSON.stringify per line would dominate the cost.
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
