import type { Behaviour } from './behaviour.ts'
import type { Denial } from './denial.ts'

/** So many requests from now on are too many. */
export function throttling(denial: (retryAfter: number) => Denial) {
  let left = 0
  let retryAfter = 0
  const behaviour: Behaviour = { arrived: () => (left-- > 0 ? denial(retryAfter) : undefined) }
  return {
    behaviour,
    next(requests: number, seconds: number): void {
      left = requests
      retryAfter = seconds
    },
  }
}
