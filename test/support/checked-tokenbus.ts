import { assertReply } from '../../src/contract/assert-reply.ts'
import { failureSchema, type Result } from '../../src/contract/failures.ts'
import { requests, type Verb } from '../../src/contract/requests.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'

const verbs: Record<keyof Tokenbus, Verb> = {
  getToken: 'token.get',
  rejectToken: 'token.reject',
  putAccount: 'account.put',
  checkPut: 'account.put',
  patchAccount: 'account.put',
  connectDevice: 'account.device',
  getAccount: 'account.get',
  listAccounts: 'account.list',
  revokeAccount: 'account.revoke',
  deleteAccount: 'account.delete',
  accountHistory: 'account.history',
  putApp: 'app.put',
  updateApp: 'app.put',
  getApp: 'app.get',
  listApps: 'app.list',
  deleteApp: 'app.delete',
  addSecret: 'app.secret.add',
  removeSecret: 'app.secret.remove',
  verifyApp: 'app.verify',
  rotateKeys: 'keys.rotate',
  deadEvents: 'events.dead',
  retryEvents: 'events.retry',
  dropEvents: 'events.drop',
  finishUpgrade: 'upgrade.finish',
  createApiToken: 'api-token.create',
  listApiTokens: 'api-token.list',
  revokeApiToken: 'api-token.revoke',
}

type Method = (...args: unknown[]) => Promise<Result<unknown>>

/** The same, except that a reply that breaks the contract is thrown. */
export function checkedTokenbus(tokenbus: Tokenbus): Tokenbus {
  const checked = Object.entries(verbs).map(([name, verb]) => {
    const method = tokenbus[name as keyof Tokenbus] as Method
    const call: Method = async (...args) => {
      const result = await method(...args)
      const [schema, value] = result.ok
        ? [requests[verb].reply, result.value]
        : [failureSchema, result.failure]
      assertReply({ to: verb, schema, value })
      return result
    }
    return [name, call]
  })
  return { ...tokenbus, ...Object.fromEntries(checked) }
}
