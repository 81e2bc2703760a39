import type { Writable } from 'node:stream'

/** Sends what is written in one event-loop iteration in one system call: each costs as much as what it sends. */
export function batchWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean
  const uncork = () => stream.uncork()
  stream.write = (...all: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork()
      process.nextTick(uncork)
    }
    return write(...all)
  }
}
