import { Counter, type Registry } from 'prom-client'
import type { Observer } from '../common/observer.ts'
import { createTopNames } from './top-names.ts'

/** Bounded because each app adds about a dozen series. */
const maxApps = 20
const others = '(others)'

/** Counters with a label per app for the busiest apps, and one label for all others. */
export function countersByApp(
  registry: Registry,
): Pick<Observer, 'accountInvalid'> & { attemptEnded(ended: { app: string; outcome: string }): void } {
  const refreshes = counterOf('outcome', {
    name: 'tokenbus_app_refreshes_total',
    help: 'Refresh attempts by app and outcome, for the busiest apps.',
  })
  const invalid = counterOf('class', {
    name: 'tokenbus_app_accounts_invalid_total',
    help: 'Accounts that became invalid, by app and class of the failure, for the busiest apps.',
  })
  const apps = createTopNames({
    most: maxApps,
    others,
    onDropped(app) {
      refreshes.drop(app)
      invalid.drop(app)
    },
  })

  function counterOf(label: string, options: { name: string; help: string }) {
    const counter = new Counter({ ...options, labelNames: ['app', label], registers: [registry] })
    const seen = new Set<string>()
    return {
      count(app: string, value: string): void {
        seen.add(value)
        counter.inc({ app, [label]: value })
      },
      drop(app: string): void {
        for (const value of seen) counter.remove({ app, [label]: value })
      },
    }
  }

  return {
    attemptEnded: ({ app, outcome }) => refreshes.count(apps.labelOf(app), outcome),
    accountInvalid: (app, failureClass) => invalid.count(apps.labelOf(app), failureClass),
  }
}
