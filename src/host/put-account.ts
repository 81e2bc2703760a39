import type { KnownAccount, PutAccountView, Tokenbus } from '../api.ts'
import { type Failed, fail, ok, type Result } from '../failures.ts'
import { placeOf } from '../provider/grant-place.ts'
import type { Records } from '../redis/records.ts'
import type { AccountPut } from '../schemas.ts'
import type { Secret } from '../secret.ts'
import { decidePut, triesAgain } from './account-put.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from './accounts.ts'
import { appRefusal, createAppBinding } from './app-binding.ts'
import type { Apps } from './apps.ts'
import type { ClusterClock } from './cluster-clock.ts'
import { isClosing } from './delete-app.ts'
import { checkIfVersion } from './if-version.ts'
import { viewOf } from './views.ts'

export interface PutAccountOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: Pick<Records, 'joining'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
}

type PutAccount = Pick<Tokenbus, 'putAccount' | 'patchAccount'>
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
}

const mostTries = 20

/** Connects an account, or changes it. What is put is made of the account as the save finds it. */
export function createPutAccount(options: PutAccountOptions): PutAccount {
  const { accounts, apps, records, clock, fingerprint } = options
  const binding = createAppBinding(options)

  async function write({ account, make, from, app, loaded }: Writing): Promise<Put | 'outdated'> {
    const { by, place } = from
    const found = await apps.look(app)
    const { config } = found
    if (config === null) return fail('app_not_found', 'app: there is no such app')
    if (isClosing(found, clock.now())) return fail('conflict', 'app: is being deleted')
    const bound = appRefusal({ app, config, by }) ?? (await binding.of(account, by))
    if (!bound.ok) return bound
    let failure: Failed | 'outdated' | undefined
    let how: Pick<PutAccountView, 'created' | 'triedAgain'> = {}
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
        const grant = { mark, marks: record.fields.f, current, place: place ?? placeOf(config) }
        const decided = decidePut({ at, eventId, context, put: put.value, config, ...grant })
        if (!decided.ok) return refuse(decided)
        failure = undefined
        how = {
          ...(context.grantId === null && { created: true as const }),
          ...(triesAgain(context, decided.value) && { triedAgain: true as const }),
        }
        return decided.value
      },
      loaded,
    )
    if (failure !== undefined) return failure
    const seen = viewOf(account, outcome, config)
    return seen.ok ? ok({ ...seen.value, ...how }) : seen
  }

  /** Announced before the app is looked at: from then on the app is not deleted until this account is its own. */
  async function announced(writing: Writing): Promise<Put | 'outdated'> {
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
      if (written !== 'outdated') return written
    }
    return fail('conflict', 'the account is being changed by others; try again')
  }

  return {
    patchAccount,
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
