/** Names under which clouds and clusters tell a machine of its own credentials. */
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

/** A name that means something inside a network only: what it resolves to may look public, and is not to be asked. */
export function isPrivateName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.+$/, '')
  return names.has(name) || suffixes.some((suffix) => name.endsWith(suffix))
}
