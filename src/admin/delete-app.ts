import type { App, Apps } from '../actors/app-actor.ts'
import { checkIfVersion } from '../actors/if-version.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { appNotFound, type Failed, fail, ok } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { Records } from '../redis/records.ts'

export interface DeleteAppOptions {
  readonly apps: Apps
  readonly records: Pick<Records, 'countByApp' | 'joining'>
  readonly clock: ClusterClock
}

const closingHolds = 60_000

/** True if the app is being deleted, so that no account may join it. If the deleting node crashes, the mark expires after a minute. */
export function isClosing({ closingSince }: App, at: number): boolean {
  return closingSince !== null && at - closingSince < closingHolds
}

/**
 * Two records cannot be changed in one compare-and-set, so each side announces its intent before it checks the other: the
 * app is marked before its accounts are counted, and an account registers as joining before it reads its app.
 */
export function createDeleteApp({ apps, records, clock }: DeleteAppOptions): Pick<Tokenbus, 'deleteApp'> {
  /** Returns the time at which the mark was set. */
  async function close(id: string, ifVersion: Parameters<Tokenbus['deleteApp']>[1]['ifVersion']) {
    let failure: Failed | undefined
    const since = clock.now()
    await apps.configure(id, ({ config, secrets, record }) => {
      failure = checkIfVersion({ record, exists: config !== null, ifVersion })
      if (config === null) failure ??= appNotFound()
      return config === null || failure ? undefined : { config, secrets, closingSince: since }
    })
    return failure ?? ok(since)
  }

  /** Removes the app or the mark; false if the app was changed meanwhile. */
  const finish = async (id: string, since: number, remove: boolean): Promise<boolean> => {
    let done = false
    await apps.configure(id, ({ config, secrets, closingSince }) => {
      done = config !== null && closingSince === since
      if (!done || config === null) return undefined
      return remove ? null : { config, secrets }
    })
    return done
  }

  return {
    async deleteApp(id, { ifVersion }) {
      const closed = await close(id, ifVersion)
      if (!closed.ok) return closed
      // In this order: an account counts as joining until it is saved, so one of the two counts has it.
      const joining = await records.joining.count(id, { at: clock.now() })
      const inUse = joining + (await records.countByApp(id))
      const done = await finish(id, closed.value, inUse === 0)
      if (inUse > 0) return fail('conflict', `the app still has ${inUse} accounts; delete them first`)
      return done
        ? ok({ app: id, deleted: true })
        : fail('conflict', 'the app was changed meanwhile; try again')
    },
  }
}
