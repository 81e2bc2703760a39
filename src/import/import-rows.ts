import { Secret } from '../common/secret.ts'
import type { AccountPut, PutEffect } from '../contract/account.ts'
import type { AppPut, AppView } from '../contract/app.ts'
import type { Failure, Result } from '../contract/failures.ts'
import { encodeId } from '../contract/subject-token.ts'
import type { AppRow, Row, Source } from './rows.ts'

/** What became of a row. Without `apply`: `new` or `changed` instead of `imported`, `known` instead of `unchanged`. */
export interface Outcome {
  readonly kind: 'app' | 'account'
  readonly id: string
  readonly line?: number
  readonly outcome: 'imported' | 'unchanged' | 'new' | 'changed' | 'known' | 'skipped' | 'failed'
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

/**
 * Puts what a source has, apps first. Safe to run again, also after being killed half-way: an app that is there stays
 * as it is, and a put never rolls a token back.
 */
export async function importRows({ source, apply, ask, tell }: ImportOptions): Promise<void> {
  const leftOut = new Set<string>()
  /** Not there yet, because this is a dry run. */
  const newApps = new Set<string>()

  async function appOutcome(row: AppRow): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    const there = await ask(`app.get.${encodeId(row.id)}`)
    if (there.ok) return knownApp((there.value as AppView).clientId === row.put.clientId)
    if (there.failure.error !== 'app_not_found') return failed(there.failure)
    if (row.secretsLeftOut)
      return { outcome: 'failed', reason: 'its secrets are not in the file: put it first' }
    if (!apply) return { outcome: 'new' }
    const put = await ask(`app.put.${encodeId(row.id)}`, revealed(row.put))
    return put.ok ? { outcome: 'imported' } : failed(put.failure)
  }

  /** What the put itself says it does, or in a dry run would do: whatever else changes the account meanwhile, it is right. */
  async function accountOutcome(row: Row<AccountPut>): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    const { app } = row.put
    if (leftOut.has(app)) return { outcome: 'skipped', reason: `its app ${app} was not imported` }
    if (newApps.has(app)) return { outcome: 'new' }
    const dry = apply ? {} : { dryRun: true }
    const put = await ask(`account.put.${encodeId(row.id)}`, { ...revealed(row.put), ...dry })
    return put.ok ? { outcome: effectOf(put.value as PutEffect) } : failed(put.failure)
  }

  function effectOf({ created, unchanged }: PutEffect): Outcome['outcome'] {
    if (unchanged) return apply ? 'unchanged' : 'known'
    if (apply) return 'imported'
    return created ? 'new' : 'changed'
  }

  function knownApp(isSame: boolean): Ended {
    if (isSame) return { outcome: apply ? 'unchanged' : 'known' }
    return { outcome: 'failed', reason: 'an app of this id is there with another clientId' }
  }

  for await (const row of source.apps) {
    const ended = await appOutcome(row)
    if (ended.outcome === 'failed' || ended.outcome === 'skipped') leftOut.add(row.id)
    if (ended.outcome === 'new') newApps.add(row.id)
    tell({ kind: 'app', ...placeOf(row), ...ended })
  }
  const worker = async () => {
    for await (const row of source.accounts)
      tell({ kind: 'account', ...placeOf(row), ...(await accountOutcome(row)) })
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function placeOf({ id, line }: Row<unknown>): Pick<Outcome, 'id' | 'line'> {
  return { id, ...(line !== undefined && { line }) }
}

function leave(row: { readonly skip: string } | { readonly fail: string }): Ended {
  return 'skip' in row ? { outcome: 'skipped', reason: row.skip } : { outcome: 'failed', reason: row.fail }
}

function failed({ error, message }: Failure): Ended {
  return { outcome: 'failed', reason: `${error}: ${message}` }
}

/** As it goes over the bus: the one place where what was imported is text again. */
function revealed(put: AppPut | AccountPut): Record<string, unknown> {
  return plain(put) as Record<string, unknown>
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}
