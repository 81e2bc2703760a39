import type { Result } from '../../src/contract/failures.ts'
import type { Grant } from './grants.ts'
import type { Running } from './simulated-node.ts'

export interface AccountPlan {
  readonly account: string
  readonly app: string
  readonly policy: 'eager' | 'lazy' | 'adaptive'
  readonly rotation: Grant['rotation']
}

export type Insist = <T>(
  use: (tokenbus: Running) => Promise<Result<T>>,
  onUnanswered?: () => void,
) => Promise<Result<T>>
