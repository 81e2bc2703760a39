import dns, { type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import {
  noProxies,
  type OutgoingProxies,
  type OutgoingProxy,
  proxyFor,
  type Target,
} from './outgoing-proxies.ts'
import { isPrivateAddress } from './private-address.ts'
import { isPrivateName } from './private-name.ts'
import { openTunnel } from './proxy-tunnel.ts'

/** The error `code` of a connection refused by this guard. */
export const notAllowed = 'ENDPOINT_NOT_ALLOWED'

/** Every address of a name. */
export type Resolve = (host: string, done: (error: Error | null, found: LookupAddress[]) => void) => void

export interface GuardedConnectorOptions {
  readonly allowPrivate: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly proxies?: OutgoingProxies
  readonly resolve?: Resolve
}

const resolveAll: Resolve = (host, done) => dns.lookup(host, { all: true }, done)

/**
 * Opens sockets for undici, by default to public addresses only. Connects to the very address that was checked, directly or by
 * a proxy, so that DNS rebinding has no effect.
 */
export function guardedConnector({
  allowPrivate,
  timeout,
  proxies = noProxies,
  resolve = resolveAll,
}: GuardedConnectorOptions): buildConnector.connector {
  const usable: Resolve = (host, done) =>
    resolve(host, (error, found) => {
      const allowed = error ? [] : found.filter(({ address }) => allowPrivate || !isPrivateAddress(address))
      done(error ?? (allowed.length === 0 ? refuse(host) : null), allowed)
    })
  // Node's own socket options reach `net.connect` through here; undici's types name only some of them.
  const options: buildConnector.BuildOptions & { lookup: LookupFunction } = {
    timeout,
    allowH2: false,
    lookup: asLookup(usable),
  }
  const connect = buildConnector(options)

  async function connectThrough(proxy: OutgoingProxy, { host, port }: Target): Promise<Socket> {
    const addresses = isIP(host) === 0 ? await all(usable, host) : [host]
    return openTunnel({ proxy, addresses, port, timeout })
  }

  return (asked, callback) => {
    const target = targetOf(asked)
    const { host, protocol } = target
    const refused = !allowPrivate && (isIP(host) === 0 ? isPrivateName(host) : isPrivateAddress(host))
    if (refused) return queueMicrotask(() => callback(refuse(host), null))
    const proxy = proxyFor(target, proxies)
    if (proxy === undefined) return connect(asked, callback)
    connectThrough(proxy, target).then(
      (socket) =>
        protocol === 'https:' ? connect({ ...asked, httpSocket: socket }, callback) : callback(null, socket),
      (error) => callback(error, null),
    )
  }
}

function targetOf({ hostname, protocol, port }: buildConnector.Options): Target {
  const usual = protocol === 'https:' ? 443 : 80
  return { protocol, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || usual }
}

const asLookup =
  (resolve: Resolve): LookupFunction =>
  (host, options, callback) =>
    resolve(host, (error, found) => {
      const [first] = found
      if (error || first === undefined) return callback(error, '')
      if (options.all) return callback(null, found)
      return callback(null, first.address, first.family)
    })

function all(resolve: Resolve, host: string): Promise<string[]> {
  return new Promise((done, fail) => {
    resolve(host, (error, found) => (error ? fail(error) : done(found.map(({ address }) => address))))
  })
}

function refuse(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} is not a public address`), { code: notAllowed })
}
