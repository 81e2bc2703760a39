import { BlockList, isIPv6 } from 'node:net'

/**
 * Ranges that are not globally reachable in the IANA special-purpose registry (RFC 6890), multicast and reserved
 * ranges, and Azure's metadata host.
 */
const reservedV4 = blockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])

/**
 * Such ranges, and those with an embedded IPv4 address whose destination depends on a translator or tunnel:
 * IPv4-compatible, local NAT64 (RFC 8215), Teredo, 6to4.
 */
const reservedV6 = blockList('ipv6', [
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
])

/** Ranges judged by their embedded IPv4 address: IPv4-mapped (RFC 4291 §2.5.5.2), well-known NAT64 (RFC 6052). */
const carriesV4 = blockList('ipv6', ['::ffff:0:0/96', '64:ff9b::/96'])

/** True for an address that is not on the public internet. An address with a zone (`%eth0`) is local to a link. */
export function isPrivateAddress(address: string): boolean {
  if (!isIPv6(address)) return reservedV4.check(address, 'ipv4')
  if (address.includes('%')) return true
  if (carriesV4.check(address, 'ipv6')) return reservedV4.check(embeddedV4(address), 'ipv4')
  return reservedV6.check(address, 'ipv6')
}

function blockList(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, prefix] = network.split('/') as [string, string]
    list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function embeddedV4(address: string): string {
  // Normalised by URL parsing to a form without dots.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':')
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
