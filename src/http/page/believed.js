const mostRemembered = 10_000
const mostOfOneSave = 16
const known = new Map()

/**
 * True if an event is newer, by version or by time, than the last one of its account or app. Versions go back when an
 * older copy of Redis is restored. False for a repeated delivery.
 */
export function believed({ id, account, app, type, version, time }) {
  const key = type.startsWith('app.') ? `app:${app}` : `account:${account}`
  const last = known.get(key)
  if (last?.version === version && last.time === time) {
    if (last.ids.includes(id) || last.ids.length === mostOfOneSave) return false
    last.ids.push(id)
    return true
  }
  // ISO times in UTC compare as text.
  if (last && version <= last.version && time <= last.time) return false
  known.delete(key)
  known.set(key, { version, time, ids: [id] })
  if (known.size > mostRemembered) known.delete(known.keys().next().value)
  return true
}
