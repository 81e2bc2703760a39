import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import type { Logger } from 'pino'
import { type Audit, createAudit, unaudited } from '../common/audit.ts'
import { StartError } from '../common/start-error.ts'
import type { Config } from './config.ts'

export interface OpenAuditOptions {
  readonly target: Config['audit']
  readonly stderr: Pick<NodeJS.WritableStream, 'write'>
  readonly logger: Pick<Logger, 'error'>
}

/** Maximum bytes buffered for a slow disk; further lines are dropped, which is logged. */
const maxBuffered = 16 * 1024 * 1024
const openedAgainAfter = 1_000
const loggedAgainAfter = 60_000

/** Opens the destination of audit lines. Rejects with `StartError` if the file cannot be opened. */
export async function openAudit({ target, stderr, logger }: OpenAuditOptions): Promise<Audit> {
  if (target.to !== 'file') return target.to === 'off' ? unaudited : createAudit(stderr)
  const { path } = target
  let file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  await once(file, 'ready').catch((cause: NodeJS.ErrnoException) => {
    throw new StartError(`TOKENBUS_AUDIT names the file ${path}, which cannot be opened (${cause.code}).`, {
      cause,
    })
  })
  let openedAt = performance.now()
  let loggedAt = Number.NEGATIVE_INFINITY
  let lost = 0
  watch(file)

  function watch(opened: WriteStream): void {
    opened.on('error', (error: NodeJS.ErrnoException) => complain(error.code))
  }

  function complain(code: string | undefined): void {
    if (performance.now() - loggedAt < loggedAgainAfter) return
    loggedAt = performance.now()
    logger.error({ path, code, bytes: lost }, 'audit lines are not written')
    lost = 0
  }

  function reopen(): void {
    file.end()
    file = createWriteStream(path, { flags: 'a', mode: 0o600 })
    openedAt = performance.now()
    watch(file)
  }

  function write(text: string): boolean {
    if (file.destroyed && performance.now() - openedAt > openedAgainAfter) reopen()
    if (!file.destroyed && file.writableLength < maxBuffered) return file.write(text)
    lost += Buffer.byteLength(text)
    complain(file.destroyed ? 'CLOSED' : 'BUFFER_FULL')
    return false
  }

  const audit = createAudit({ write })
  return {
    ...audit,
    reopen,
    async close() {
      await audit.close()
      if (!file.destroyed) await new Promise<void>((resolve) => file.end(resolve))
    },
  }
}
