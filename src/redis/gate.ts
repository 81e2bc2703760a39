import type { Command } from 'ioredis'
import { isMark } from './identity-marks.ts'
import { metaKey } from './keys.ts'
import type { RedisClient } from './scripts.ts'
import type { StorageUnavailable } from './storage-unavailable.ts'

/** Commands for connection handling, which always pass. */
const alwaysAllowed = new Set([
  'hello',
  'auth',
  'select',
  'client',
  'readonly',
  'cluster',
  'info',
  'ping',
  'quit',
])

const asksWhoseData = ({ name, args }: Command) =>
  (name === 'hgetall' && args[0] === metaKey) || (name === 'get' && isMark(args[0]))

/**
 * While `refusal` returns a reason, only the command that reads the identity is sent, so that not even the first command after
 * a reconnect reaches a Redis with other data.
 */
export function gate(redis: RedisClient, refusal: () => StorageUnavailable | null): void {
  const send = redis.sendCommand.bind(redis) as (...all: unknown[]) => unknown
  redis.sendCommand = (command: Command, ...rest: unknown[]) => {
    const refused = refusal()
    if (refused === null || alwaysAllowed.has(command.name) || asksWhoseData(command))
      return send(command, ...rest)
    command.reject(refused)
    return command.promise
  }
}
