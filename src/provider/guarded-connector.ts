import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { isPrivateAddress } from './private-address.ts'
import { isPrivateName } from './private-name.ts'

/** The `code` of the error of a connection that was refused by us. */
export const notAllowed = 'ENDPOINT_NOT_ALLOWED'

function refuse(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} is not a public address`), { code: notAllowed })
}

/** Only the public addresses of a name: what was checked is what is connected to, whatever DNS says next. */
const lookupPublic: LookupFunction = (host, options, callback) => {
  const every: LookupOptions & { all: true } = { ...options, all: true }
  lookup(host, every, (error, found: LookupAddress[]) => {
    if (error) return callback(error, '')
    const usable = found.filter(({ address }) => !isPrivateAddress(address))
    const [first] = usable
    if (first === undefined) return callback(refuse(host), '')
    if (options.all) return callback(null, usable)
    return callback(null, first.address, first.family)
  })
}

/** Opens sockets for undici, to public addresses only unless told otherwise. `timeout` in milliseconds. */
export function guardedConnector({ allowPrivate, timeout }: { allowPrivate: boolean; timeout: number }) {
  if (allowPrivate) return buildConnector({ timeout, allowH2: false })
  // Node's own socket options reach `net.connect` through here; undici's types name only some of them.
  const options: buildConnector.BuildOptions & { lookup: LookupFunction } = {
    timeout,
    allowH2: false,
    lookup: lookupPublic,
  }
  const connect = buildConnector(options)
  const guarded: buildConnector.connector = (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '')
    const refused = isIP(host) === 0 ? isPrivateName(host) : isPrivateAddress(host)
    if (refused) return queueMicrotask(() => callback(refuse(host), null))
    return connect(target, callback)
  }
  return guarded
}
