import { Secret } from '../../src/common/secret.ts'
import type { AccountPut } from '../../src/contract/account.ts'
import type { AppPut } from '../../src/contract/app.ts'
import type { Failure } from '../../src/contract/failures.ts'
import type { TokenReply } from '../../src/contract/token.ts'
import { sandboxApp, type TestNode } from './node.ts'

type Told = Pick<AppPut, 'rotation'> & Pick<AccountPut, 'policy'> & { fresh?: boolean; app?: string }

export const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

/** An account with the refresh token `r1`, and by default the access token `a1`, which is not refreshed ahead. */
export async function putTestAccount({ tokenbus }: TestNode, account: string, told: Told = {}) {
  const { fresh = true, policy = 'lazy', app = 'app', ...config } = told
  await tokenbus.putApp(app, { ...sandboxApp, ...config })
  const put = await tokenbus.putAccount(account, {
    app,
    user: 'someone',
    policy,
    refreshToken: new Secret('r1'),
    ...(fresh && { accessToken: new Secret('a1'), expires: inAnHour() }),
  })
  if (!put.ok) throw new Error(put.failure.message)
}

/** The token, or why not. */
export async function getToken({ tokenbus }: TestNode, account: string, want = {}) {
  const reply = await tokenbus.getToken(account, want)
  return (reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure) as Partial<
    TokenReply & Failure
  >
}
