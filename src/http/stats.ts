import { z } from 'zod'
import { ok } from '../contract/failures.ts'
import { countSchema, timeSchema } from '../contract/fields.ts'
import type { RefreshCounts } from '../redis/refresh-counts.ts'
import { emailEngineCounts, emailEngineStates } from './emailengine-states.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

export interface StatsOptions {
  readonly counts: () => Promise<Record<string, number>>
  readonly refreshCounts: Pick<RefreshCounts, 'lastHours'>
  readonly version: string
}

const hour = 3_600
const connections = Object.fromEntries(emailEngineStates.map((word) => [word, countSchema]))
const maxHours = 24

/** EmailEngine's statistics of accounts and tokens, and the refreshes of the last day by hour. */
export const statsRoute = ({ counts, refreshCounts, version }: StatsOptions): Route =>
  route({
    method: 'GET',
    url: '/v1/stats',
    summary: 'Accounts by state, and outcomes of the refreshes of the last hours',
    access: { scopes: ['admin'], all: ['accounts'] },
    query: z.strictObject({
      seconds: fromText
        .number(
          z
            .int()
            .min(1)
            .max(maxHours * hour),
        )
        .optional()
        .describe('how far back, in whole hours; an hour by default, a day at most'),
    }),
    answer: z.strictObject({
      version: z.string(),
      accounts: countSchema,
      connections: z.strictObject(connections),
      counters: z
        .record(z.string(), countSchema)
        .describe('`tokenRefresh:success`, `tokenRefresh:failure` and `tokenRefresh:failure:<reason>`'),
      refreshes: z.array(
        z.strictObject({
          from: timeSchema,
          succeeded: countSchema,
          failed: z.array(z.strictObject({ reason: z.string(), count: countSchema })),
        }),
      ),
    }),
    async handle({ query: { seconds = hour } }) {
      const [states, hours] = await Promise.all([
        counts(),
        refreshCounts.lastHours(Math.ceil(seconds / hour)),
      ])
      const counters: Record<string, number> = { 'tokenRefresh:success': 0, 'tokenRefresh:failure': 0 }
      const add = (name: string, count: number) => {
        counters[name] = (counters[name] ?? 0) + count
      }
      for (const { succeeded, failed } of hours) {
        add('tokenRefresh:success', succeeded)
        for (const { reason, count } of failed) {
          add('tokenRefresh:failure', count)
          add(`tokenRefresh:failure:${reason}`, count)
        }
      }
      return ok({
        version,
        accounts: Object.values(states).reduce((sum, count) => sum + count, 0),
        connections: emailEngineCounts(states),
        counters,
        refreshes: hours.map(({ from, ...rest }) => ({ from: new Date(from).toISOString(), ...rest })),
      })
    },
  })
