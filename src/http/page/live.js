import { at } from './api.js'
import { believed } from './believed.js'

const types = [
  'account.transition',
  'account.removed',
  'app.secret-expiring',
  'app.secret-expired',
  'app.secret-restored',
  'app.refused',
]
const listeners = new Set()
let source

/** Passes every event on, until `disconnect`; calls `status` with the connection's state, a key of the language files. */
export function connect(status) {
  source = new EventSource(at('/v1/events'))
  source.onopen = () => status('live')
  source.onerror = () => status('not-live')
  for (const type of types) {
    source.addEventListener(type, ({ data }) => {
      const event = JSON.parse(data)
      if (event.type !== type || !believed(event)) return
      for (const listener of listeners) listener(event)
    })
  }
}

export function disconnect() {
  source?.close()
}

/** Listens while a view is shown; `concerns` selects its events. */
export function onEvent(listener, concerns = () => true) {
  const relevant = (event) => concerns(event) && listener(event)
  listeners.add(relevant)
  return () => listeners.delete(relevant)
}

/**
 * Shows a view, and updates it soon after each event that concerns it. Listens first, so that none is missed in
 * between.
 */
export async function showLive(show, concerns) {
  const stop = onEvent(calmly(show), concerns)
  try {
    await show()
    return stop
  } catch (error) {
    stop()
    throw error
  }
}

/** Runs `job` soon after a call, once for several calls, and never concurrently. */
export function calmly(job) {
  let waits = false
  let running = Promise.resolve()
  return () => {
    if (waits) return
    waits = true
    setTimeout(async () => {
      await running.catch(() => {})
      waits = false
      running = job()
    }, 300)
  }
}
