const codes = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** What to do about a server whose certificate no known authority signed; undefined for another error. */
export function untrusted(code: string | undefined): string | undefined {
  if (code === undefined || !codes.has(code)) return undefined
  return `its certificate is not trusted (${code}): name the file of its authority in NODE_EXTRA_CA_CERTS`
}
