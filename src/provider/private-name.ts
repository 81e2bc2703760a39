/** Metadata services of clouds and clusters, which return a machine's credentials. */
const names = new Set([
  'localhost',
  'metadata',
  'metadata.goog',
  'metadata.azure.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'metadata.tencentyun.com',
  'instance-data',
  'rancher-metadata',
  'kubernetes.default.svc',
])
/** RFC 6761, RFC 6762, RFC 8375, and ICANN's name for private use. */
const suffixes = ['.localhost', '.local', '.internal', '.home.arpa']

/** True for a name that is valid in a private network only, even if it resolves to a public address. */
export function isPrivateName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.+$/, '')
  return names.has(name) || suffixes.some((suffix) => name.endsWith(suffix))
}
