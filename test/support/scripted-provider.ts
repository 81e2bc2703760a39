import { Secret } from '../../src/common/secret.ts'
import type { Provider } from '../../src/provider/provider.ts'
import type { TokenAnswer } from '../../src/provider/token-answer.ts'
import { eventually } from './eventually.ts'

type Asked = Parameters<Provider['refreshToken']>[0]

/** Stands at the provider's port: each request waits until the test answers it, in the order they came. */
export function scriptedProvider() {
  const requests: Asked[] = []
  const open: ((answer: TokenAnswer) => void)[] = []
  return {
    requests,
    refreshToken(asked: Asked): Promise<TokenAnswer> {
      // A dummy token of a control is not part of a test's script, and is refused.
      if (asked.refreshToken?.reveal().startsWith('tokenbus-control-'))
        return Promise.resolve(refused({ class: 'R', reason: 'grant_revoked', error: 'invalid_grant' }))
      requests.push(asked)
      return new Promise((resolve) => open.push(resolve))
    },
    /** Waits until so many requests came in all. */
    asked: (times = 1) =>
      eventually(() => {
        if (requests.length < times) throw new Error(`${requests.length} requests came, not ${times}`)
      }),
    isAsked: () => open.length > 0,
    answer(answer: TokenAnswer): void {
      const resolve = open.shift()
      if (resolve === undefined) throw new Error('nobody asked')
      resolve(answer)
    },
  }
}

export function answered(tokens: {
  accessToken: string
  refreshToken?: string
  expiresIn?: number
}): TokenAnswer {
  const { accessToken, refreshToken, expiresIn } = tokens
  return {
    kind: 'tokens',
    accessToken: new Secret(accessToken),
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    ...(expiresIn !== undefined && { expiresIn }),
  }
}

type Refusal = Extract<TokenAnswer, { kind: 'refused' }>['refusal']

export function refused(
  told: Partial<Refusal> & Pick<Refusal, 'class' | 'reason'> & { error?: string },
): TokenAnswer {
  const { error = told.reason, ...refusal } = told
  return {
    kind: 'refused',
    refusal: {
      action: 'wait',
      recoverable: told.class !== 'A' && told.class !== 'R',
      sent: true,
      inDoubt: false,
      providerError: { status: 400, error },
      ...refusal,
    },
  }
}
