import type { Logger } from 'pino'
import { createAccountAdmin } from '../admin/accounts.ts'
import { createApiTokenAdmin } from '../admin/api-tokens.ts'
import { createAppVerification } from '../admin/app-verification.ts'
import { createAppAdmin } from '../admin/apps.ts'
import { createDeadEvents } from '../admin/dead-events.ts'
import { createKeyRotation } from '../admin/key-rotation.ts'
import { createUpgrade } from '../admin/upgrade.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { realTimers } from '../common/timers.ts'
import { createDevice } from '../consent/device.ts'
import type { AppPut } from '../contract/app.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { History } from '../events/history.ts'
import { patchedPut, toAppConfig } from '../provider/app-settings.ts'
import type { Catalogue } from '../provider/catalogue.ts'
import type { Provider } from '../provider/provider.ts'
import type { Storage } from '../redis/storage.ts'
import type { Host } from './host.ts'

export interface TokenbusOptions {
  readonly host: Host
  readonly storage: Storage
  readonly provider: Pick<
    Provider,
    'refreshToken' | 'revokeToken' | 'resolveEndpoint' | 'checkUrls' | 'authorizeDevice' | 'redeemDeviceCode'
  >
  readonly clock: ClusterClock
  readonly partitions: number
  readonly allowPrivate: boolean
  readonly catalogue?: Catalogue
  readonly history: History
  readonly logger: Logger
  /** The callback URL to which providers redirect the browser. */
  redirectUri(): string
  announceRevoked(id: string): void
}

/** Everything a node answers over NATS, HTTP and in-process. */
export function createTokenbus(options: TokenbusOptions) {
  const { host, storage, provider, clock, partitions, history, logger } = options
  const { allowPrivate, catalogue } = options
  const { records, fingerprint } = storage
  const appSettings = {
    apps: host.apps,
    configOf: (app: string, put: AppPut) =>
      toAppConfig({ app, put, allowPrivate, ...(catalogue && { catalogue }) }),
    putOf: patchedPut,
  }
  const apiTokens = createApiTokenAdmin({ ...options, store: storage.apiTokens })
  const accounts = createAccountAdmin({ ...host, records, clock, provider, fingerprint, logger, history })
  const device = createDevice({
    ...host,
    tokenbus: accounts,
    provider,
    pending: storage.pendingDevices,
    clock,
    timers: realTimers,
    logger,
  })
  const tokenbus: Tokenbus = {
    getToken: host.reads.get,
    rejectToken: host.reads.reject,
    ...accounts,
    connectDevice: device.connectDevice,
    ...createAppAdmin({ ...appSettings, records, clock, provider }),
    ...createAppVerification({ ...host, ...appSettings, provider, clock, redirectUri: options.redirectUri }),
    ...apiTokens,
    ...createKeyRotation({ ...host, ...storage, partitions }),
    ...createDeadEvents({ records, partitions }),
    ...createUpgrade({ ...host, ...storage, partitions }),
  }
  return { tokenbus, apiTokens, device }
}
