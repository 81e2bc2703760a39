import { grantOf, type LeftOut } from './exportable.ts'
import type { ReadStored, StoredAccount, Unreadable } from './read-stored.ts'
import type { Shape } from './shapes.ts'

/** A record that was not exported, with the reason. */
export interface NotExported {
  readonly kind: 'app' | 'account'
  readonly id: string
  readonly outcome: 'skipped' | 'failed'
  readonly reason: string
}

export interface Exported {
  readonly apps: number
  readonly accounts: number
  readonly skipped: number
  readonly failed: number
}

export interface ExportRows {
  readonly stored: ReadStored
  readonly shape: Shape
  /** Only this app and its accounts. */
  readonly only: string | undefined
  report(row: NotExported): void
}

/** The rows of an export, apps first. `counts` is complete once all rows have been read. */
export function exportRows({ stored, shape, only, report }: ExportRows) {
  const counts = { apps: 0, accounts: 0, skipped: 0, failed: 0 }

  function leave(kind: NotExported['kind'], id: string, why: LeftOut): void {
    const outcome = 'skip' in why ? 'skipped' : 'failed'
    counts[outcome]++
    report({ kind, id, outcome, reason: 'skip' in why ? why.skip : why.fail })
  }

  async function* rows(): AsyncGenerator<object> {
    for await (const app of shape.app ? stored.apps(only) : []) {
      if ('fail' in app) leave('app', app.id, app)
      else {
        counts.apps++
        yield shape.app?.(app) as object
      }
    }
    for await (const found of stored.accounts(only)) {
      const row = rowOf(found, shape)
      if ('skip' in row || 'fail' in row) leave('account', found.id, row as LeftOut)
      else {
        counts.accounts++
        yield row
      }
    }
  }

  return { rows: rows(), counts: counts as Exported }
}

function rowOf(found: StoredAccount | Unreadable, shape: Shape): object | LeftOut {
  if ('fail' in found) return found
  const grant = grantOf(found)
  return 'skip' in grant || 'fail' in grant ? grant : shape.account({ ...found, grant })
}
