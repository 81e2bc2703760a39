import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface SandboxStatus {
  readonly outageUntil: string | null
  readonly slowMs: number
  readonly answersToLose: number
  readonly tokenRequests: number
  /** Requests being delayed now. */
  readonly thinking: number
}

const outagePage = '<!doctype html><title>503</title><h1>Service Unavailable</h1><p>error: invalid_grant</p>'

/** Simulates failures in front of the token endpoint. */
export function createMisbehaviour() {
  let outageUntil = 0
  let slowMs = 0
  let answersToLose = 0
  let tokenRequests = 0
  let thinking = 0

  return {
    outage(ms: number): void {
      outageUntil = Date.now() + ms
    },
    slow(ms: number): void {
      slowMs = ms
    },
    loseAnswer(times = 1): void {
      answersToLose += times
    },
    heal(): void {
      outageUntil = 0
      slowMs = 0
      answersToLose = 0
    },
    status: (): SandboxStatus => ({
      outageUntil: outageUntil > Date.now() ? new Date(outageUntil).toISOString() : null,
      slowMs,
      answersToLose,
      tokenRequests,
      thinking,
    }),
    /** Runs before a request is processed; false if the request has been answered or dropped. */
    async before(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
      tokenRequests++
      if (Date.now() < outageUntil) {
        response.writeHead(503, { 'content-type': 'text/html' }).end(outagePage)
        return false
      }
      thinking++
      if (slowMs > 0) await delay(slowMs)
      thinking--
      // If the caller disconnected during the delay, the request is dropped and its refresh token stays unused.
      if (request.socket.destroyed) return false
      if (answersToLose > 0) {
        answersToLose--
        loseAnswer(response)
      }
      return true
    },
  }
}

/** The request is processed, including rotation, but its response is never sent. */
function loseAnswer(response: ServerResponse): void {
  response.write = () => true
  response.end = () => {
    response.socket?.destroy()
    return response
  }
}
