import { fail } from '../../src/contract/failures.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'

/** Stands where the host would: every method not given answers `account_not_found`. */
export function plainTokenbus(methods: Partial<Tokenbus> = {}): Tokenbus {
  const missing = async () => fail('account_not_found', 'no such account')
  return {
    getToken: missing,
    rejectToken: missing,
    putAccount: missing,
    checkPut: missing,
    patchAccount: missing,
    connectDevice: missing,
    getAccount: missing,
    listAccounts: missing,
    revokeAccount: missing,
    deleteAccount: missing,
    accountHistory: missing,
    putApp: missing,
    updateApp: missing,
    getApp: missing,
    listApps: missing,
    deleteApp: missing,
    addSecret: missing,
    removeSecret: missing,
    verifyApp: missing,
    rotateKeys: missing,
    deadEvents: missing,
    retryEvents: missing,
    dropEvents: missing,
    finishUpgrade: missing,
    createApiToken: missing,
    listApiTokens: missing,
    revokeApiToken: missing,
    ...methods,
  }
}
