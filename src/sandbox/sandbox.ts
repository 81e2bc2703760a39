import type { Secret } from '../common/secret.ts'
import type { SandboxStatus } from './misbehaviour.ts'

export interface SandboxOptions {
  /** 0 for any; 7071, or a free one, by default. */
  readonly port?: number
  /** Without it the state is in memory only. */
  readonly dataDir?: string
  readonly accessTokenSeconds?: number
}

export interface Sandbox {
  /** The issuer. */
  readonly url: string
  readonly client: { readonly id: string; readonly secret: Secret }
  readonly control: {
    /** Revokes the user's grants; returns how many. */
    revoke(user: string): number
    expireSecret(): void
    newSecret(): Secret
    outage(ms: number): void
    slow(ms: number): void
    loseAnswer(times?: number): void
    heal(): void
    status(): SandboxStatus
  }
  /** All access and refresh tokens issued so far, for tests that search for leaks. */
  issued(): readonly Secret[]
  close(): Promise<void>
}
