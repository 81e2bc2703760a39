const codes = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** Advice for a server certificate that no trusted authority signed; undefined for other errors. */
export function untrusted(code: string | undefined): string | undefined {
  if (code === undefined || !codes.has(code)) return undefined
  return `its certificate is not trusted (${code}): set NODE_EXTRA_CA_CERTS to the file of the certificate authority`
}
