/** Whether the bus is there, and a way to wait for it. */
export interface Link {
  /** Resolves once it is there, or after `ms`: whether it is. */
  up(ms: number): Promise<boolean>
  /** The same promise, unless the connection goes first: then `undefined`, for whatever answers is lost. */
  whileUp<T>(answer: Promise<T>): Promise<T | undefined>
  wentDown(): void
  cameUp(): void
}

export function createLink(): Link {
  let connected = true
  const waiting = new Set<() => void>()
  const losing = new Set<() => void>()

  function ring(bells: Set<() => void>): void {
    for (const bell of bells) bell()
    bells.clear()
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
      ring(losing)
    },
    cameUp() {
      connected = true
      ring(waiting)
    },
  }
}
