import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import { Secret } from '../common/secret.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'
import type { CodeAnswer } from './authorization-code.ts'
import { decodeBody } from './decode-body.ts'
import { joinedScopes } from './grant-forms.ts'
import type { Exchange } from './http.ts'
import { consentScopes } from './identity.ts'
import { withChanges } from './parameters.ts'
import { postForm } from './post-form.ts'
import type { AskSignedIn, SignedInAnswer } from './signed-in.ts'
import type { TokenRequests, Ways } from './token-request.ts'

export interface DeviceRequest {
  readonly config: AppConfig
  readonly clientSecret?: Secret
}

/** A device authorization response (RFC 8628 §3.2). Times in seconds. */
export interface DeviceCode {
  readonly deviceCode: Secret
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete?: string
  readonly expiresIn: number
  readonly interval: number
}

export interface DeviceAuthorization {
  /** Fails with `invalid_config` if the provider has no such endpoint or refuses the client. */
  authorizeDevice(request: DeviceRequest): Promise<Result<DeviceCode>>
  /** Polls once for the user's consent. Never rejects. */
  redeemDeviceCode(request: DeviceRequest & { readonly deviceCode: Secret }): Promise<CodeAnswer>
}

const timing = { connectMs: 4_000, answerMs: 4_000 }
const longestWait = 1_800
const pageUrl = z.url({ protocol: /^https?$/ }).max(2_048)

const answerSchema = z
  .object({
    device_code: z.string().min(1).max(4_096),
    user_code: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[\x20-\x7e]+$/),
    verification_uri: pageUrl.optional(),
    /** The name of this field at Google. */
    verification_url: pageUrl.optional(),
    verification_uri_complete: pageUrl.optional().catch(undefined),
    expires_in: z.coerce.number().positive(),
    interval: z.coerce.number().positive().max(300).catch(5),
  })
  .refine((answer) => (answer.verification_uri ?? answer.verification_url) !== undefined)
const errorSchema = z.object({ error: z.string().regex(/^[\w.:-]{1,40}$/) })

/** The device authorization grant (RFC 8628): the user consents in any browser, without a redirect. */
export function createDeviceAuthorization(
  { http, endpoints, clocks }: Ways,
  {
    requestTokens,
    askSignedIn,
  }: Pick<TokenRequests, 'requestTokens'> & {
    askSignedIn(asked: AskSignedIn): Promise<SignedInAnswer>
  },
): DeviceAuthorization {
  async function locate(config: AppConfig) {
    const endpoint = 'device_authorization_endpoint'
    const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
    if (resolved.ok) return ok(resolved)
    const { class: failureClass, reason, action } = resolved.refusal
    return fail(failureClass === 'C' ? 'invalid_config' : 'provider_unavailable', `${reason}: ${action}`)
  }

  return {
    async authorizeDevice({ config, ...client }) {
      const located = await locate(config)
      if (!located.ok) return located
      const { server, url } = located.value
      const scope = joinedScopes(config, consentScopes(config))
      const form = withChanges({ client_id: config.clientId, scope }, config.authorizeParams)
      const now = clocks.now(url)
      return readDeviceCode(await postForm({ http, config, ...client, server, url, form, timing, now }))
    },
    async redeemDeviceCode({ deviceCode, ...request }) {
      const { config } = request
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: config.clientId,
        device_code: deviceCode.reveal(),
      }
      const answer = await requestTokens({ ...request, form: () => form, timing })
      if (answer.kind === 'refused' || answer.idToken === undefined) return answer
      const endpoint = 'token_endpoint'
      const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
      const server = resolved.ok ? resolved.server : { issuer: '' }
      return askSignedIn({ config, server, answer })
    },
  }
}

function readDeviceCode(exchange: Exchange): Result<DeviceCode> {
  if (exchange.kind !== 'answered')
    return fail('provider_unavailable', `device authorization: ${exchange.code}`)
  const { status, headers, body } = exchange
  const said = parseJson(decodeBody({ body, encoding: headers['content-encoding'] }))
  const read = answerSchema.safeParse(said)
  if (status >= 300 || !read.success) {
    const word = errorSchema.safeParse(said).data?.error ?? `HTTP ${status}`
    const isTheirs = status >= 500 || status === 429
    return fail(isTheirs ? 'provider_unavailable' : 'invalid_config', `device authorization: ${word}`)
  }
  const { device_code, user_code, verification_uri, verification_url, ...rest } = read.data
  const { verification_uri_complete: complete } = rest
  return ok({
    deviceCode: new Secret(device_code),
    userCode: user_code,
    verificationUri: (verification_uri ?? verification_url) as string,
    ...(complete !== undefined && { verificationUriComplete: complete }),
    expiresIn: Math.min(Math.floor(rest.expires_in), longestWait),
    interval: Math.max(1, rest.interval),
  })
}
