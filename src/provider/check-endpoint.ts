import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { withTimeout } from '../common/with-timeout.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { sampleOf } from '../contract/protocol-settings.ts'
import { isPrivateAddress } from './private-address.ts'
import { isPrivateName } from './private-name.ts'

const patience = 1_000

/**
 * Checks that requests may be sent to a URL: `invalid_config` unless it is https at a public address; with `allowPrivate`,
 * http and any address are accepted. Unresolvable names and hosts filled in per account pass, because the connection is
 * checked again.
 */
export async function checkEndpoint(
  template: string,
  { allowPrivate }: { allowPrivate: boolean },
): Promise<Result<void>> {
  const url = sampleOf(template)
  if (!URL.canParse(url)) return fail('invalid_config', 'not a URL')
  const { protocol, hostname, username, password } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return fail('invalid_config', 'must be an https URL')
  if (username !== '' || password !== '') return fail('invalid_config', 'must not carry credentials')
  if (allowPrivate) return ok(undefined)
  if (protocol === 'http:') return fail('invalid_config', 'must be https')
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isPrivateName(host)) return fail('invalid_config', 'must not be a name of the private network')
  if (new URL(template).hostname.includes('{')) return ok(undefined)
  const addresses = isIP(host) === 0 ? await addressesOf(host) : [host]
  if (addresses.some(isPrivateAddress)) return fail('invalid_config', 'must be at a public address')
  return ok(undefined)
}

async function addressesOf(host: string): Promise<string[]> {
  const found = lookup(host, { all: true }).catch(() => [])
  const addresses = await withTimeout({ work: found, milliseconds: patience, onTimeout: () => [] })
  return addresses.map(({ address }) => address)
}
