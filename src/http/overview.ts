import { z } from 'zod'
import { ok } from '../contract/failures.ts'
import { countSchema } from '../contract/fields.ts'
import { type Route, route } from './route.ts'

/** The data of the overview page. */
export const overviewRoute = ({ counts }: { counts: () => Promise<Record<string, number>> }): Route =>
  route({
    method: 'GET',
    url: '/v1/overview',
    summary: 'Numbers of accounts by state',
    access: { scopes: ['admin'], all: ['accounts'] },
    answer: z.strictObject({ accounts: z.record(z.string(), countSchema) }),
    handle: async () => ok({ accounts: await counts() }),
  })
