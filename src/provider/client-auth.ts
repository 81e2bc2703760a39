import * as oauth from 'oauth4webapi'
import type { Secret } from '../secret.ts'
import type { AppConfig } from './app-config.ts'

export interface ClientAuthOptions {
  readonly config: AppConfig
  readonly clientSecret?: Secret
}

/** How the app proves that it is itself (RFC 6749 §2.3.1); without a secret it only says its name (§2.1, public). */
export function clientAuthOf({ config, clientSecret }: ClientAuthOptions): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None()
  const text = clientSecret.reveal()
  return config.clientAuth === 'client_secret_post'
    ? oauth.ClientSecretPost(text)
    : oauth.ClientSecretBasic(text)
}
