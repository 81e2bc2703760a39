import type { Logger } from 'pino'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import { withTimeout } from '../common/with-timeout.ts'
import type { Result } from '../contract/failures.ts'
import { revocationOrigins } from '../provider/grant-place.ts'
import type { Provider } from '../provider/provider.ts'
import { resolveApp } from '../refresh/resolve-app.ts'
import { chooseSecret } from '../refresh/secret-selection.ts'

export interface RevokeAtProviderOptions {
  readonly accounts: Pick<Accounts, 'openCurrent'>
  readonly apps: Pick<Apps, 'look'>
  readonly provider: Pick<Provider, 'revokeToken'>
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly timers?: Pick<Timers, 'after'>
}

/** Resolves with whether the provider confirmed in time. */
export type RevokeAtProvider = (account: string, loaded: LoadedAccount) => Promise<boolean>

/** Milliseconds; NATS clients give up after 5 s by default. */
const replyWithin = 3_000

/**
 * RFC 7009. Revokes the refresh token first, with which most providers end the whole grant, then the access token for those
 * that do not. Best effort: a slow or unreachable provider does not delay the caller; the outcome is logged.
 */
export function createRevokeAtProvider(options: RevokeAtProviderOptions): RevokeAtProvider {
  const { accounts, apps, provider, logger, timers = realTimers } = options

  async function revoke(account: string, { record, snapshot }: LoadedAccount): Promise<boolean> {
    const { app: id, params } = snapshot.context
    const app = resolveApp(await apps.look(id), params)
    const { accessToken, refreshToken, place } = accounts.openCurrent(account, record) ?? {}
    const client = chooseSecret(app)
    const { config } = app
    if (config === null) return false
    const onlyTo = revocationOrigins(place, config)
    const revoke = async (kind: 'refresh_token' | 'access_token'): Promise<Result<void> | undefined> => {
      const token = kind === 'refresh_token' ? refreshToken : accessToken
      if (token === undefined) return undefined
      const revoked = await provider.revokeToken({
        config,
        token,
        kind,
        ...(onlyTo && { onlyTo }),
        ...(client && { clientSecret: client.secret }),
      })
      if (revoked.ok) logger.info({ account, kind }, 'the provider revoked a token')
      else logger.warn({ account, kind, why: revoked.failure.message }, 'the provider did not revoke a token')
      return revoked
    }
    const grant = await revoke('refresh_token')
    const access = await revoke('access_token')
    return (grant ?? access)?.ok ?? false
  }

  return (account, loaded) => {
    const confirmed = revoke(account, loaded).catch((error: unknown) => {
      logger.warn({ account, err: error }, 'a token could not be revoked')
      return false
    })
    const { after } = timers
    return withTimeout({ work: confirmed, milliseconds: replyWithin, onTimeout: () => false, after })
  }
}
