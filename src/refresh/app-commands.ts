import pLimit from 'p-limit'
import type { AppCommand } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Records } from '../redis/records.ts'
import { type AppProbesOptions, createAppProbes } from './app-probes.ts'
import { type ControlsOptions, createControls } from './controls.ts'

export interface AppCommandsOptions extends AppProbesOptions, ControlsOptions {
  readonly apps: AppProbesOptions['apps'] & ControlsOptions['apps']
  readonly records: AppProbesOptions['records'] & Pick<Records, 'countByApp' | 'wakeAccounts'>
  readonly partitions: number
  readonly clock: Pick<ClusterClock, 'now'>
}

const spreadPerAccount = 10
const wakersAtOnce = 8

/** Performs an app's effects. Each is idempotent or repeated by the app's wake-up, so a node may crash meanwhile. */
export function createAppCommands(options: AppCommandsOptions) {
  const { apps, records, partitions, clock } = options
  const controls = createControls(options)
  const probe = createAppProbes(options)

  /** The spread grows with the number of accounts. */
  async function wakeAccounts(app: string, all: boolean): Promise<void> {
    const spread = Math.min(300_000, (await records.countByApp(app)) * spreadPerAccount)
    const limit = pLimit(wakersAtOnce)
    const each = Array.from({ length: partitions }, (_, partition) =>
      limit(() => records.wakeAccounts({ app, partition, spread, now: clock.now(), all })),
    )
    await Promise.all(each)
    await apps.report(app, { type: 'accounts.woken' })
  }

  return async (app: string, command: AppCommand): Promise<void> => {
    switch (command.type) {
      case 'accounts.wake':
        return wakeAccounts(app, command.all === true)
      case 'account.probe':
        return probe(app)
      case 'control.send':
        return controls.send(app, command)
      case 'baseline.learn':
        return controls.learnBaseline(app)
    }
  }
}
