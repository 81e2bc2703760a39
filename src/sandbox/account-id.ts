/** The sandbox's id of a user named by id or e-mail address: `demo@example.com` is `demo`. */
export const accountIdOf = (user: string): string => user.replace(/@example\.com$/, '')
