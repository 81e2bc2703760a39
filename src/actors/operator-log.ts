import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { AppContext, AppEffect } from '../../machines/index.ts'
import type { Observer } from '../common/observer.ts'
import type { Timers } from '../common/timers.ts'
import { createTokenBuckets } from '../common/token-bucket.ts'
import type { AccountAnnouncement } from './account-effects.ts'
import type { Failure } from './attempt-failure.ts'

interface Line {
  readonly app: string
  readonly [field: string]: unknown
}

interface AppSnapshot {
  readonly value: unknown
  readonly context: AppContext
}

/** Logs what happened to accounts and apps at level `info`, one line per event with consistent fields. */
export interface OperatorLog {
  refreshFailed(request: { account: string; app: string; attempt: string }, failure: Failure): void
  /** Logs an announcement of an account, except ordinary refreshes. */
  announced(account: string, announcement: AccountAnnouncement): void
  appChanged(
    app: string,
    change: { before: AppSnapshot; after: AppSnapshot; effects: readonly AppEffect[] },
  ): void
}

/** Token bucket per kind of line and app: a burst, then one line every 10 s. */
const limit = { burst: 20, perSecond: 0.1 }
const invalid = { A: 'account revoked', S: 'account parked', P: 'account waits for its app' } as const
const maxRemembered = 1_000

export function createOperatorLog(options: {
  readonly logger: Pick<Logger, 'info'>
  readonly timers: Pick<Timers, 'elapsed'>
  readonly observer: Pick<Observer, 'warned' | 'accountInvalid'>
}): OperatorLog {
  const { logger, timers, observer } = options
  const buckets = createTokenBuckets(timers)
  const omitted = new LRUCache<string, number>({ max: maxRemembered })

  /** Rate-limited per app, so that a broken app does not flood the log; `omitted` counts suppressed lines. */
  function bounded(line: Line, message: string): void {
    const id = `${message} ${line.app}`
    const missing = omitted.get(id) ?? 0
    if (buckets.take({ id, ...limit }) > 0) {
      omitted.set(id, missing + 1)
      return
    }
    omitted.delete(id)
    logger.info({ ...line, ...(missing > 0 && { omitted: missing }) }, message)
  }

  return {
    refreshFailed(
      { account, app, attempt },
      { class: failureClass, reason, action, inDoubt, providerError },
    ) {
      const { status } = providerError
      bounded(
        { account, app, class: failureClass, reason, action, attempt, inDoubt, status },
        'refresh failed',
      )
    },
    announced(account, announcement) {
      if (announcement.type === 'token.invalid') {
        const { app, class: failureClass, reason, action, recoverable } = announcement
        observer.accountInvalid(app, failureClass)
        bounded({ account, app, class: failureClass, reason, action, recoverable }, invalid[failureClass])
      }
      if (announcement.type === 'account.grant-expiring') {
        const { app, action, expiresAt } = announcement
        observer.warned('grant-expiring')
        bounded({ account, app, action, expires: new Date(expiresAt).toISOString() }, 'grant expiring')
      }
    },
    appChanged(app, { before, after, effects }) {
      for (const effect of effects) {
        if (effect.type === 'app.secret-expiring') observer.warned('secret-expiring')
        const line = lineOf(effect)
        if (line !== null) bounded({ app, ...line.fields }, line.message)
      }
      const { question } = after.context
      if (question !== null && before.context.question?.id !== question.id)
        return bounded({ app, reason: question.accusation }, 'app circuit half-open')
      const opened = effects.some(({ type }) => type === 'app.secret-expired' || type === 'app.refused')
      if (question === null && before.context.question !== null && !opened)
        bounded({ app }, 'app circuit closed')
    },
  }
}

function lineOf(effect: AppEffect): { message: string; fields: object } | null {
  switch (effect.type) {
    case 'app.secret-expired':
    case 'app.refused': {
      const isOpen = effect.type === 'app.secret-expired'
      const { reason, action } = effect
      return {
        message: isOpen ? 'app circuit open' : 'app refused',
        fields: { class: isOpen ? 'P' : 'C', reason, action },
      }
    }
    case 'app.secret-restored':
      return { message: 'app restored', fields: {} }
    case 'app.secret-expiring': {
      const { secret: secretId, days, expiresAt } = effect
      return {
        message: 'app secret expiring',
        fields: { secretId, days, expires: new Date(expiresAt).toISOString() },
      }
    }
    default:
      return null
  }
}
