import { randomUUID } from 'node:crypto'
import type { LiveTokenbus } from '../support/live-tokenbus.ts'
import { type AnyStandIn, type StageName, type StandInOf, stages } from './stages.ts'

export interface SetUp<N extends StageName> {
  readonly tokenbus: LiveTokenbus
  readonly stage: N
  /** More settings, or others. */
  readonly settings?: object
}

/** An app with its own provider, without an account. */
export async function setUpApp<N extends StageName>({ tokenbus, stage, settings = {} }: SetUp<N>) {
  const standIn = (await stages[stage].start()) as StandInOf<N> & AnyStandIn
  const app = `app-${randomUUID()}`
  const made = await tokenbus.request(`app.put.${app}`, {
    ...stages[stage].app(standIn as never),
    ...settings,
  })
  if (made.error !== undefined) throw new Error(made.message)
  return {
    standIn,
    app,
    secrets: made.secrets as { id: string }[],
    verify: (payload: object = {}) => tokenbus.request(`app.verify.${app}`, payload),
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  }
}
