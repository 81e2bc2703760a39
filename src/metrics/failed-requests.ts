import { Counter, type Registry } from 'prom-client'
import { answeredErrors, type FailedRequest, verbClasses } from '../contract/failed-request.ts'

/** All series exist from the start: an alert on `increase()` misses the first failure of a series that begins with 1. */
export function failedRequestCounter(registry: Registry): (failed: FailedRequest) => void {
  const counter = new Counter({
    name: 'tokenbus_requests_failed_total',
    help: 'Requests answered with a failure, by error code, group of verbs and protocol.',
    labelNames: ['error', 'verbs', 'over'],
    registers: [registry],
  })
  for (const error of answeredErrors)
    for (const verbs of verbClasses)
      for (const over of ['nats', 'http']) counter.inc({ error, verbs, over }, 0)
  return ({ error, verbs, over }) => counter.inc({ error, verbs, over })
}
