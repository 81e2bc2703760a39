import { Secret } from '../common/secret.ts'
import type { AccountPut, PutEffect } from '../contract/account.ts'
import type { AppPut, AppView } from '../contract/app.ts'
import type { Failure, Result } from '../contract/failures.ts'
import { encodeId } from '../contract/subject-token.ts'
import type { AppRow, Row, Source } from './rows.ts'

/** The outcome of a row. Without `apply`: `new` or `changed` instead of `imported`, `known` instead of `unchanged`. */
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
  /** Sends a request to tokenbus. A rejection ends the import, which can then be repeated. */
  request(subject: string, payload?: object): Promise<Result<unknown>>
  report(outcome: Outcome): void
}

type Ended = Pick<Outcome, 'outcome' | 'reason'>

const atOnce = 16

/**
 * Imports a source, apps first. Safe to repeat, also after an interruption: existing apps stay unchanged, and a put never
 * rolls a token back.
 */
export async function importRows({ source, apply, request, report }: ImportOptions): Promise<void> {
  const leftOut = new Set<string>()
  /** Apps that do not exist yet, because this is a dry run. */
  const newApps = new Set<string>()

  async function appOutcome(row: AppRow): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    const there = await request(`app.get.${encodeId(row.id)}`)
    if (there.ok) return knownApp((there.value as AppView).clientId === row.put.clientId)
    if (there.failure.error !== 'app_not_found') return failed(there.failure)
    if (row.secretsLeftOut)
      return { outcome: 'failed', reason: 'its secrets are not in the file: put the app first' }
    if (!apply) return { outcome: 'new' }
    const put = await request(`app.put.${encodeId(row.id)}`, revealed(row.put))
    return put.ok ? { outcome: 'imported' } : failed(put.failure)
  }

  /** Taken from the put's own reply, so that it is right even if the account changes concurrently. */
  async function accountOutcome(row: Row<AccountPut>): Promise<Ended> {
    if (!('put' in row)) return leave(row)
    const { app } = row.put
    if (leftOut.has(app)) return { outcome: 'skipped', reason: `its app ${app} was not imported` }
    if (newApps.has(app)) return { outcome: 'new' }
    const dry = apply ? {} : { dryRun: true }
    const put = await request(`account.put.${encodeId(row.id)}`, { ...revealed(row.put), ...dry })
    return put.ok ? { outcome: effectOf(put.value as PutEffect) } : failed(put.failure)
  }

  function effectOf({ created, unchanged }: PutEffect): Outcome['outcome'] {
    if (unchanged) return apply ? 'unchanged' : 'known'
    if (apply) return 'imported'
    return created ? 'new' : 'changed'
  }

  function knownApp(isSame: boolean): Ended {
    if (isSame) return { outcome: apply ? 'unchanged' : 'known' }
    return { outcome: 'failed', reason: 'an app with this id exists, with another clientId' }
  }

  for await (const row of source.apps) {
    const ended = await appOutcome(row)
    if (ended.outcome === 'failed' || ended.outcome === 'skipped') leftOut.add(row.id)
    if (ended.outcome === 'new') newApps.add(row.id)
    report({ kind: 'app', ...placeOf(row), ...ended })
  }
  const worker = async () => {
    for await (const row of source.accounts)
      report({ kind: 'account', ...placeOf(row), ...(await accountOutcome(row)) })
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

/** Reveals secrets for the request; the only place that does. */
function revealed(put: AppPut | AccountPut): Record<string, unknown> {
  return plain(put) as Record<string, unknown>
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}
