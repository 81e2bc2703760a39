import { BlockList, isIP, isIPv6 } from 'node:net'

const reserved = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['100::', 64],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv6')
}

const translated = new BlockList()
translated.addSubnet('64:ff9b::', 96, 'ipv6')

/** Not reachable on the public internet: loopback, private, link-local, shared, multicast (RFC 6890, RFC 4193). */
export function isPrivateAddress(address: string): boolean {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (reserved.check(address, family)) return true
  return translated.check(address, family) && reserved.check(embeddedV4(address), 'ipv4')
}

/** The IPv4 address at the end of a NAT64 one (RFC 6052 §2.2). */
function embeddedV4(address: string): string {
  const last = address.slice(address.lastIndexOf(':') + 1)
  if (isIP(last) === 4) return last
  const [high, low] = address
    .split(':')
    .slice(-2)
    .map((group) => Number.parseInt(group || '0', 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
