/** Of an account. */
export const states = ['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired']
