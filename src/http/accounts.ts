import { z } from 'zod'
import type { Tokenbus } from '../api.ts'
import { idSchema } from '../schemas.ts'
import { type Route, route } from './route.ts'

const ofAccount = z.object({ account: idSchema })

/** Reading what one may write, or hears of anyway. */
const readers = ['account:write', 'events:read'] as const

export const accountRoutes = ({ tokenbus }: { tokenbus: Tokenbus }): Route[] => [
  route({
    method: 'GET',
    url: '/v1/account/:account',
    summary: 'One account: its state, why, and what to do; never a secret',
    access: readers,
    params: ofAccount,
    answer: z.looseObject({}),
    handle: ({ params }) => tokenbus.getAccount(params.account),
  }),
]
