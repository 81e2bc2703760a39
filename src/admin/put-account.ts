import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { checkIfVersion } from '../actors/if-version.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import type { AccountPut, AccountPutCheck, PutEffect } from '../contract/account.ts'
import { type Failed, fail, ok, type Result } from '../contract/failures.ts'
import type { KnownAccount, Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { placeOf } from '../provider/grant-place.ts'
import type { Records } from '../redis/records.ts'
import { decidePut, triesAgain } from './account-put.ts'
import { appRefusal, createAppBinding } from './app-binding.ts'
import { isClosing } from './delete-app.ts'
import { viewOf } from './views.ts'

export interface PutAccountOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: Pick<Records, 'joining'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
}

type PutAccount = Pick<Tokenbus, 'putAccount' | 'checkPut' | 'patchAccount'>
type Put = Awaited<ReturnType<PutAccount['putAccount']>>
type From = Parameters<PutAccount['putAccount']>[2]
type Make = Parameters<PutAccount['patchAccount']>[1]

interface Writing {
  readonly account: string
  readonly make: Make
  readonly from: NonNullable<From>
  /** The app that the first look at the account asks for. */
  readonly app: string
  readonly loaded: LoadedAccount
  readonly dryRun?: boolean
}

interface Written {
  readonly effect: PutEffect
  readonly outcome: LoadedAccount
  readonly config: AppConfig
}

const mostTries = 20

/** Connects an account, or changes it. What is put is made of the account as the save finds it. */
export function createPutAccount(options: PutAccountOptions): PutAccount {
  const { accounts, apps, records, clock, fingerprint } = options
  const binding = createAppBinding(options)

  async function write(writing: Writing): Promise<Result<Written> | 'outdated'> {
    const { account, make, from, app, loaded, dryRun = false } = writing
    const { by, place } = from
    const found = await apps.look(app)
    const { config } = found
    if (config === null) return fail('app_not_found', 'app: there is no such app')
    if (isClosing(found, clock.now())) return fail('conflict', 'app: is being deleted')
    const bound = appRefusal({ app, config, by }) ?? (await binding.of(account, by))
    if (!bound.ok) return bound
    let failure: Failed | 'outdated' | undefined
    let effect: PutEffect = {}
    const refuse = (why: typeof failure): null => {
      failure = why
      return null
    }
    const outcome = await accounts.receive(
      account,
      (meeting) => {
        const { at, eventId, record, snapshot } = meeting
        const { context } = snapshot
        const put = make(knownOf(meeting))
        const moved = bound.value.moved(context)
        if (moved !== undefined || !put.ok) return refuse(moved ?? (put as Failed))
        if (put.value.app !== app) return refuse('outdated')
        const { ifVersion, refreshToken } = put.value
        const stale = checkIfVersion({ record, exists: context.grantId !== null, ifVersion })
        if (stale !== undefined) return refuse(stale)
        const mark = refreshToken && fingerprint({ account, token: refreshToken })
        const current = accounts.openCurrent(account, record)
        const { f: marks, metadata } = record.fields
        const grant = { mark, marks, current, metadata, place: place ?? placeOf(config) }
        const decided = decidePut({ at, eventId, context, put: put.value, config, ...grant })
        if (!decided.ok) return refuse(decided)
        failure = undefined
        effect = {
          ...(context.grantId === null && { created: true as const }),
          ...(triesAgain(context, decided.value) && { triedAgain: true as const }),
          ...(decided.value === null && { unchanged: true as const }),
        }
        return dryRun ? null : decided.value
      },
      loaded,
    )
    if (failure !== undefined) return failure
    return ok({ effect, outcome, config })
  }

  /** Announced before the app is looked at: from then on the app is not deleted until this account is its own. */
  async function announced(writing: Writing): Promise<Result<Written> | 'outdated'> {
    const { account, app, loaded } = writing
    if (loaded.snapshot.context.app === app) return write(writing)
    await records.joining.begin({ app, account, at: loaded.at })
    try {
      return await write(writing)
    } finally {
      // Left behind, it only holds up a deletion for a minute.
      await records.joining.end({ app, account }).catch(() => undefined)
    }
  }

  async function patchAccount(account: string, make: Make, from: From = {}): Promise<Put> {
    for (let tries = 0; tries < mostTries; tries++) {
      const loaded = await accounts.load(account)
      const put = make(knownOf(loaded))
      if (!put.ok) return put
      const written = await announced({ account, make, from, app: put.value.app, loaded })
      if (written === 'outdated') continue
      if (!written.ok) return written
      const { effect, outcome, config } = written.value
      const seen = viewOf(account, outcome, config)
      return seen.ok ? ok({ ...seen.value, ...effect }) : seen
    }
    return fail('conflict', 'the account is being changed by others; try again')
  }

  async function checkPut(account: string, put: AccountPut): Promise<Result<AccountPutCheck>> {
    const loaded = await accounts.load(account)
    const make = () => ok(put)
    const found = await write({ account, make, from: {}, app: put.app, loaded, dryRun: true })
    if (found === 'outdated') throw new Error('what is put names its app')
    return found.ok ? ok({ account, dryRun: true, ...found.value.effect }) : found
  }

  return {
    patchAccount,
    checkPut,
    putAccount: (account, put, from) => patchAccount(account, () => ok(put) as Result<AccountPut>, from),
  }
}

function knownOf({
  record,
  snapshot: { context },
}: LoadedAccount | AccountMeeting): KnownAccount | undefined {
  if (context.grantId === null) return undefined
  const { metadata } = record.fields
  return {
    app: context.app,
    user: context.user,
    metadata: metadata === undefined ? {} : JSON.parse(metadata),
  }
}
