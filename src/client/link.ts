/** The state of the connection to NATS, and a way to wait for it. */
export interface Link {
  /** Resolves once connected, or after `ms`, with whether the connection is up. */
  up(ms: number): Promise<boolean>
  /** Resolves as `answer` does, or with `undefined` if the connection breaks first, because then no reply can arrive. */
  whileUp<T>(answer: Promise<T>): Promise<T | undefined>
  wentDown(): void
  cameUp(): void
}

export function createLink(): Link {
  let connected = true
  const waiting = new Set<() => void>()
  const losing = new Set<() => void>()

  function callAll(callbacks: Set<() => void>): void {
    for (const callback of callbacks) callback()
    callbacks.clear()
  }

  return {
    async up(ms) {
      if (connected) return true
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        waiting.add(resolve)
        timer = setTimeout(() => {
          waiting.delete(resolve)
          resolve()
        }, ms)
      })
      clearTimeout(timer)
      return connected
    },
    whileUp(answer) {
      return new Promise((resolve, reject) => {
        const lost = () => resolve(undefined)
        losing.add(lost)
        answer.then(resolve, reject).finally(() => losing.delete(lost))
      })
    },
    wentDown() {
      connected = false
      callAll(losing)
    },
    cameUp() {
      connected = true
      callAll(waiting)
    },
  }
}
