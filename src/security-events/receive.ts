import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { AccountContext, AccountEvent } from '../../machines/index.ts'
import type { Accounts } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Records } from '../redis/records.ts'
import type { SeenEvents } from '../redis/seen-events.ts'
import { type Meaning, meaningOf } from './event-meanings.ts'
import { eventsOf, type SecurityEvent } from './event-token.ts'
import type { KeySets } from './key-sets.ts'
import { longestDelay, type NotTaken, verifyEventToken } from './verify.ts'

export interface ReceiveEventsOptions {
  readonly apps: Pick<Apps, 'look'>
  readonly accounts: Accounts
  readonly records: Pick<Records, 'byName'>
  readonly seenEvents: SeenEvents
  readonly keySets: KeySets
  readonly clock: ClusterClock
  readonly logger: Pick<Logger, 'info'>
}

/** Processes a security event token pushed for an app; resolves with null once it has been applied. */
export type ReceiveEvents = (app: string, text: string) => Promise<NotTaken | null>

const accountsAtOnce = 16

/**
 * Applies security events (RFC 8417) to the accounts of their subjects. Rejects with `StorageUnavailable` or
 * `KeysUnavailable`, and the transmitter then sends the token again.
 */
export function createReceiveEvents(options: ReceiveEventsOptions): ReceiveEvents {
  const { apps, accounts, records, seenEvents, keySets, clock, logger } = options
  const limit = pLimit(accountsAtOnce)

  async function apply(app: string, event: SecurityEvent): Promise<void> {
    const { type, reason, names } = event
    const meaning = meaningOf(event)
    const marks = meaning.does === 'nothing' ? [] : names.map((name) => accounts.names.markOf(app, name))
    const found = new Set((await Promise.all(marks.map((mark) => records.byName(mark)))).flat())
    const applied = await Promise.all(
      [...found].map((account) => limit(() => applyTo(app, { account, event, meaning }))),
    )
    const changed = applied.filter((each) => each).length
    logger.info({ app, type, reason, meaning: meaning.does, accounts: changed }, 'security event received')
  }

  async function applyTo(
    app: string,
    { account, event, meaning }: { account: string; event: SecurityEvent; meaning: Meaning },
  ): Promise<boolean> {
    const { taken } = await accounts.receive(account, ({ at, eventId, record, snapshot: { context } }) => {
      const refreshToken = accounts.openCurrent(account, record)?.refreshToken
      const isMeant =
        context.app === app && event.names.some((name) => accounts.names.is(context, name, refreshToken))
      const happened = isMeant ? accountEvent(meaning, { at, eventId, context, event }) : null
      return happened && { event: happened }
    })
    return taken
  }

  return async (app, text) => {
    const { config } = await apps.look(app)
    if (config?.securityEvents === undefined)
      return { err: 'access_denied', description: 'this app does not accept security events' }
    const source = config.securityEvents
    const now = clock.now()
    const token = await verifyEventToken({ text, source, audience: config.clientId, keySets, now })
    if ('err' in token) return token
    const id = { app, issuer: source.issuer, jti: token.jti }
    if (await seenEvents.has(id)) return null
    for (const event of eventsOf(token)) await apply(app, event)
    // Recorded last: if this fails half-way the token is sent again, and applying it twice is harmless.
    await seenEvents.add(id, longestDelay)
    return null
  }
}

interface About {
  readonly at: number
  readonly eventId: string
  readonly context: AccountContext
  readonly event: Pick<SecurityEvent, 'at'>
}

/** The account's event for a security event; null if it is not affected. */
export function accountEvent(meaning: Meaning, { at, eventId, context, event }: About): AccountEvent | null {
  const happened = { at, id: eventId }
  switch (meaning.does) {
    case 'end': {
      const { class: cause, reason, action } = meaning
      const recoverable = cause === 'S'
      return {
        type: 'grant.revoked',
        ...happened,
        class: cause,
        reason,
        action,
        recoverable,
        endedAt: event.at,
      }
    }
    case 'replace':
      // A token issued after the security event is not affected.
      if (context.issuedAt > event.at) return null
      return {
        type: 'token.rejected',
        ...happened,
        generation: context.tokenGeneration,
        claims: null,
        resource: null,
      }
    case 'retry':
      return { type: 'grant.restored', ...happened }
    case 'nothing':
      return null
  }
}
