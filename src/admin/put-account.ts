import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { checkIfVersion } from '../actors/if-version.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import type { AccountPut, AccountPutCheck, PutEffect } from '../contract/account.ts'
import type { Consented } from '../contract/consented.ts'
import { type Failed, fail, ok, type Result } from '../contract/failures.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { KnownAccount, Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import { fillParams, isFilledPerAccount } from '../provider/url-params.ts'
import type { Records } from '../redis/records.ts'
import { decidePut, type PutDecision, paramsOf, triesAgain } from './account-put.ts'
import { appRefusal, createAppBinding } from './app-binding.ts'
import { isClosing } from './delete-app.ts'
import { mergeMetadata } from './merge-metadata.ts'
import { grantTokenIn } from './put-tokens.ts'
import { viewOf } from './views.ts'

export interface PutAccountOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: Pick<Records, 'joining'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly provider: Pick<Provider, 'checkUrls'>
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
  /** The app of the put, according to the first load of the account. */
  readonly app: string
  readonly loaded: LoadedAccount
  readonly dryRun?: boolean
}

interface Written {
  readonly effect: PutEffect
  readonly outcome: LoadedAccount
  readonly config: AppConfig
}

interface Deciding extends Pick<Writing, 'account' | 'app' | 'make'> {
  readonly config: AppConfig
  readonly place: GrantPlace | undefined
  readonly consented: Consented | undefined
}

const maxTries = 20

/** Connects or changes an account. The put is computed from the account as the save finds it. */
export function createPutAccount(options: PutAccountOptions): PutAccount {
  const { accounts, apps, records, clock, fingerprint, provider } = options
  const binding = createAppBinding(options)

  async function write(writing: Writing): Promise<Result<Written> | 'outdated'> {
    const { account, make, from, app, loaded, dryRun = false } = writing
    const { by, place, consented } = from
    const found = await apps.look(app)
    const { config } = found
    if (config === null) return fail('app_not_found', 'app: there is no such app')
    if (isClosing(found, clock.now())) return fail('conflict', 'app: is being deleted')
    const bound = appRefusal({ app, config, by }) ?? (await binding.of(account, by))
    if (!bound.ok) return bound
    const reachable = await checkFilled(make(knownOf(loaded)), { config, loaded })
    if (!reachable.ok) return reachable
    const grant = { config, place, consented }
    let refused: Failed | 'outdated' | undefined
    let effect: PutEffect = {}
    const outcome = await accounts.receive(
      account,
      (meeting) => {
        const moved = bound.value.moved(meeting.snapshot.context)
        const decided = moved ?? decide(meeting, { account, app, make, ...grant })
        refused = decided === 'outdated' || !decided.ok ? decided : undefined
        if (decided === 'outdated' || !decided.ok) return null
        effect = effectOf(meeting.snapshot.context, decided.value)
        return dryRun ? null : decided.value
      },
      loaded,
    )
    const isNewGrant = outcome.snapshot.context.grantId !== loaded.snapshot.context.grantId
    // The next probe of an app that is down uses the new grant, although that need not be refreshed yet.
    if (found.state === 'secret-expired' && isNewGrant && !dryRun)
      await apps.report(app, { type: 'newcomer.waits', account }).catch(() => undefined)
    return refused ?? ok({ effect, outcome, config })
  }

  /** Checks that the URLs, filled in with the account's params, may be requested. */
  async function checkFilled(
    put: Result<AccountPut>,
    { config, loaded }: { config: AppConfig; loaded: LoadedAccount },
  ): Promise<Result<unknown>> {
    if (!put.ok || !isFilledPerAccount(config)) return put
    const params = paramsOf({ put: put.value, config, context: loaded.snapshot.context })
    const filled = fillParams(config, params)
    return filled.ok ? provider.checkUrls(filled.value) : filled
  }

  /** Decides the put on the account as the save finds it; `outdated`: it belongs to another app now. */
  function decide(
    meeting: AccountMeeting,
    { account, app, make, ...grant }: Deciding,
  ): Result<PutDecision> | 'outdated' {
    const { at, eventId, record, snapshot } = meeting
    const { context } = snapshot
    const known = knownOf(meeting)
    const made = make(known)
    const put = made.ok ? mergeMetadata(made.value, known?.metadata) : made
    if (!put.ok) return put
    if (put.value.app !== app) return 'outdated'
    const { ifVersion } = put.value
    const stale = checkIfVersion({ record, exists: context.grantId !== null, ifVersion })
    if (stale !== undefined) return stale
    const current = accounts.openCurrent(account, record)
    const token = grantTokenIn(put.value, { ...grant, current })
    const mark = token && fingerprint({ account, token })
    const { f: marks, metadata, extra } = record.fields
    const stored = { mark, marks, current, metadata, extra }
    return decidePut({ at, eventId, context, put: put.value, ...stored, ...grant })
  }

  /** Registers the account as joining before its app is read, so that the app is not deleted in between. */
  async function announced(writing: Writing): Promise<Result<Written> | 'outdated'> {
    const { account, app, loaded } = writing
    if (loaded.snapshot.context.app === app) return write(writing)
    const end = await records.joining.begin({ app, account, at: loaded.at })
    const written = await write(writing)
    // Not after a rejected write, whose save may still arrive. A leftover entry only delays a deletion by a minute.
    await end().catch(() => undefined)
    return written
  }

  async function patchAccount(account: string, make: Make, from: From = {}): Promise<Put> {
    for (let tries = 0; tries < maxTries; tries++) {
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
    return fail('conflict', 'the account is being changed concurrently; try again')
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

function effectOf(
  context: AccountMeeting['snapshot']['context'],
  decided: Parameters<typeof triesAgain>[1],
): PutEffect {
  return {
    ...(context.grantId === null && { created: true as const }),
    ...(triesAgain(context, decided) && { triedAgain: true as const }),
    ...(decided === null && { unchanged: true as const }),
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
    ...(context.identity !== null && { signedInAs: context.identity.signedInAs }),
    metadata: metadata === undefined ? {} : JSON.parse(metadata),
  }
}
