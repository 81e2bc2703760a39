/** The states of an account. */
export const states = ['valid', 'expiring', 'refreshing', 'revoked', 'secret-expired']
