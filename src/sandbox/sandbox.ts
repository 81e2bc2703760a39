import type { Secret } from '../common/secret.ts'
import type { SandboxStatus } from './misbehaviour.ts'

export interface SandboxOptions {
  /** 0 for any; 7071, or a free one, by default. */
  readonly port?: number
  /** Without it nothing outlives the process. */
  readonly dataDir?: string
  readonly accessTokenSeconds?: number
}

export interface Sandbox {
  /** The issuer. */
  readonly url: string
  readonly client: { readonly id: string; readonly secret: Secret }
  readonly control: {
    /** Ends the user's grants as if the user had removed the app; answers how many. */
    revoke(user: string): number
    expireSecret(): void
    newSecret(): Secret
    outage(ms: number): void
    slow(ms: number): void
    loseAnswer(times?: number): void
    heal(): void
    status(): SandboxStatus
  }
  /** Every access and refresh token ever issued: what a test looks for where it must not be. */
  issued(): readonly Secret[]
  close(): Promise<void>
}
