import type { AccountView, AppView } from '../api.ts'
import { encodeId } from '../bus/subject-token.ts'
import type { Failure, Result } from '../failures.ts'
import type { AccountPut, AppPut } from '../schemas.ts'
import { Secret } from '../secret.ts'
import type { AppRow, Row, Source } from './rows.ts'

/** What became of a row. Without `apply`: `new` and `known` instead of `imported` and `unchanged`. */
export interface Outcome {
  readonly kind: 'app' | 'account'
  readonly id: string
  readonly outcome: 'imported' | 'unchanged' | 'new' | 'known' | 'skipped' | 'failed'
  readonly reason?: string
}

export interface ImportOptions {
  readonly source: Source
  /** Without it nothing is written. */
  readonly apply: boolean
  /** A request to tokenbus. Rejects when nobody answers: the import ends there, and may be run again. */
  ask(subject: string, payload?: object): Promise<Result<unknown>>
  tell(outcome: Outcome): void
}

type Ended = Pick<Outcome, 'outcome' | 'reason'>

const atOnce = 16
const mostConflicts = 5

/**
 * Puts what a source has, apps first. Safe to run again, also after being killed half-way: an app that is there stays
 * as it is, and a put never rolls a token back.
 */
export async function importRows({ source, apply, ask, tell }: ImportOptions): Promise<void> {
  const leftOut = new Set<string>()

  async function appOutcome(row: AppRow): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    const there = await ask(`app.get.${encodeId(row.id)}`)
    if (there.ok) {
      if ((there.value as AppView).clientId === row.put.clientId)
        return { outcome: apply ? 'unchanged' : 'known' }
      return { outcome: 'failed', reason: 'an app of this id is there with another clientId' }
    }
    if (there.failure.error !== 'app_not_found') return failed(there.failure)
    if (!apply) return { outcome: 'new' }
    const put = await ask(`app.put.${encodeId(row.id)}`, revealed(row.put))
    return put.ok ? { outcome: 'imported' } : failed(put.failure)
  }

  async function accountOutcome(row: Row<AccountPut>): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    if (leftOut.has(row.put.app))
      return { outcome: 'skipped', reason: `its app ${row.put.app} was not imported` }
    for (let tries = 0; ; tries++) {
      const there = await ask(`account.get.${encodeId(row.id)}`)
      if (!there.ok && there.failure.error !== 'account_not_found') return failed(there.failure)
      if (!apply) return { outcome: there.ok ? 'known' : 'new' }
      // A refresh in between must not look like a grant that was taken.
      const expected = there.ok ? { ifGeneration: (there.value as AccountView).generation } : {}
      const put = await ask(`account.put.${encodeId(row.id)}`, { ...revealed(row.put), ...expected })
      if (!put.ok && put.failure.error === 'conflict' && tries < mostConflicts) continue
      if (!put.ok) return failed(put.failure)
      const same =
        'ifGeneration' in expected && (put.value as AccountView).generation === expected.ifGeneration
      return { outcome: same ? 'unchanged' : 'imported' }
    }
  }

  for await (const row of source.apps) {
    const ended = await appOutcome(row)
    if (ended.outcome === 'failed' || ended.outcome === 'skipped') leftOut.add(row.id)
    tell({ kind: 'app', id: row.id, ...ended })
  }
  const worker = async () => {
    for await (const row of source.accounts)
      tell({ kind: 'account', id: row.id, ...(await accountOutcome(row)) })
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function leave(row: { readonly skip: string } | { readonly fail: string }): Ended {
  return 'skip' in row ? { outcome: 'skipped', reason: row.skip } : { outcome: 'failed', reason: row.fail }
}

function failed({ error, message }: Failure): Ended {
  return { outcome: 'failed', reason: `${error}: ${message}` }
}

/** As it goes over the bus: the one place where what was imported is text again. */
function revealed(put: AppPut | AccountPut): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(put).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  )
}
