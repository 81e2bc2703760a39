import { get } from './api.js'
import { bars, legend } from './charts.js'
import { h } from './dom.js'
import { t } from './language.js'

const hour = 3_600_000
const day = 24 * hour
const days = 30
const sampled = 1000
const clock = (at) =>
  new Date(at).toLocaleTimeString(navigator.languages[0], { hour: '2-digit', minute: '2-digit' })
const date = (at) =>
  new Date(at).toLocaleDateString(navigator.languages[0], { day: 'numeric', month: 'short' })

/** The refreshes of the last day by hour, and failures by reason. */
export async function refreshesPicture() {
  const { refreshes } = await get('/v1/stats?seconds=86400')
  const total = (list) => list.reduce((sum, { count }) => sum + count, 0)
  const drawn = refreshes.map(({ from, succeeded, failed }) => ({
    label: clock(from),
    parts: [
      { kind: 'succeeded', value: succeeded },
      { kind: 'failed', value: total(failed) },
    ],
  }))
  const reasons = {}
  for (const { reason, count } of refreshes.flatMap(({ failed }) => failed))
    reasons[reason] = (reasons[reason] ?? 0) + count
  const list = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  return h(
    'div',
    {},
    bars(t('pictures.refreshes'), drawn),
    legend(['succeeded', 'failed']),
    h('ul', { class: 'soft' }, ...list.map(([reason, count]) => h('li', {}, `${reason}: ${count}`))),
  )
}

/** Expiries of secrets and grants over a month, and of tokens over a day. */
export async function endsPicture() {
  const [{ accounts, total }, { apps }] = await Promise.all([
    get(`/v1/accounts?pageSize=${sampled}`),
    get('/v1/oauth2?pageSize=1000'),
  ])
  const now = Date.now()
  const secrets = apps.flatMap((app) => app.secrets ?? []).map(({ expiresAt }) => expiresAt)
  const grants = accounts.map(({ grantExpires }) => grantExpires)
  const tokens = accounts.map(({ expires }) => expires)
  const month = Array.from({ length: days }, (_, index) => ({
    label: date(now + index * day),
    parts: [
      { kind: 'secrets', value: countIn(secrets, now + index * day, day) },
      { kind: 'grants', value: countIn(grants, now + index * day, day) },
    ],
  }))
  const hours = Array.from({ length: 24 }, (_, index) => ({
    label: clock(now + index * hour),
    parts: [{ kind: 'tokens', value: countIn(tokens, now + index * hour, hour) }],
  }))
  return h(
    'div',
    {},
    bars(t('pictures.ends'), month),
    legend(['secrets', 'grants']),
    bars(t('pictures.tokens'), hours),
    legend(['tokens']),
    total > accounts.length
      ? h('p', { class: 'soft' }, t('pictures.sampled', { shown: accounts.length, total }))
      : null,
  )
}

const countIn = (times, from, span) =>
  times.map((iso) => Date.parse(iso)).filter((at) => at >= from && at < from + span).length
