import { Counter, type Registry } from 'prom-client'
import { answeredErrors, type FailedRequest, verbClasses } from '../contract/failed-request.ts'

/** Every series is there from the start: a counter that begins with 1 has not grown, and would raise no alert. */
export function failedRequestCounter(registry: Registry): (failed: FailedRequest) => void {
  const counter = new Counter({
    name: 'tokenbus_requests_failed_total',
    help: 'Requests answered with a failure, by its code word, by what they were about, and by protocol.',
    labelNames: ['error', 'verbs', 'over'],
    registers: [registry],
  })
  for (const error of answeredErrors)
    for (const verbs of verbClasses)
      for (const over of ['nats', 'http']) counter.inc({ error, verbs, over }, 0)
  return ({ error, verbs, over }) => counter.inc({ error, verbs, over })
}
