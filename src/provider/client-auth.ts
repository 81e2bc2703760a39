import * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import type { AppConfig } from './app-config.ts'
import { presetOf } from './presets.ts'
import { signAssertion } from './sign-assertion.ts'
import { readSigningKey, type SigningKey } from './signing-key.ts'

export interface ClientAuthOptions {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** Milliseconds of the provider's clock. */
  readonly now: number
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Seconds. */
const assertionLife = 300

/**
 * Authenticates the app: by its secret (RFC 6749 §2.3.1), or by a signed assertion if the secret is a private key (RFC 7523
 * §2.2). A public client sends only its id (§2.1); a service account is authenticated by its assertion.
 */
export function clientAuthOf({ config, clientSecret, now }: ClientAuthOptions): oauth.ClientAuth {
  if (config.grant === 'jwt_bearer') return () => {}
  if (clientSecret === undefined || config.clientAuth === 'none') return oauth.None()
  const signer = readSigningKey({ secret: clientSecret, rsa: presetOf(config).rsa })
  if (signer !== undefined) return privateKeyJwt(signer, now)
  const text = clientSecret.reveal()
  return config.clientAuth === 'client_secret_basic' ? basic(text) : oauth.ClientSecretPost(text)
}

/** RFC 6749 §2.3.1 and appendix B. Some servers do not decode, so nothing is encoded needlessly. */
function basic(secret: string): oauth.ClientAuth {
  return (_, { client_id }, _body, headers) => {
    const pair = `${formEncoded(client_id)}:${formEncoded(secret)}`
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function privateKeyJwt(signer: SigningKey, now: number): oauth.ClientAuth {
  return async ({ issuer }, { client_id }, body) => {
    const assertion = await signAssertion({
      signer,
      issuer: client_id,
      subject: client_id,
      audience: issuer,
      life: assertionLife,
      now,
    })
    body.set('client_id', client_id)
    body.set('client_assertion_type', assertionType)
    body.set('client_assertion', assertion)
  }
}
