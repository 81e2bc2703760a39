import { get, part } from './api.js'
import { daysLeft } from './days-left.js'
import { h, reasonLink, stateMark, title } from './dom.js'
import { number, t } from './language.js'
import { linksAsCsv } from './links-csv.js'
import { showLive } from './live.js'
import { endsPicture, refreshesPicture } from './overview-pictures.js'
import { states } from './states.js'

const pageSize = 1000
const namedEach = 3

/** Counts by state, accounts that need an action by app and reason, and the events of the last day. */
export async function overview(main) {
  const counts = h('ul', { class: 'counts' })
  const needs = h('ul', { class: 'needs' })
  const pictures = h('div', { class: 'pictures' })
  main.replaceChildren(
    title(t('nav.overview')),
    counts,
    h('h2', {}, t('needs')),
    h('div', { 'aria-live': 'polite' }, needs),
    h('h2', {}, t('pictures')),
    pictures,
  )
  const show = async () => {
    const [{ accounts }, revoked, { apps }] = await Promise.all([
      get('/v1/overview'),
      get(`/v1/accounts?state=revoked&pageSize=${pageSize}`),
      get('/v1/oauth2?pageSize=1000'),
    ])
    counts.replaceChildren(...states.map((state) => count(state, accounts[state] ?? 0)))
    const groups = grouped(revoked.accounts).map((group) => groupNeeds(group, revoked.pages > 1))
    const wants = [...apps.flatMap(appNeeds), ...groups]
    needs.replaceChildren(...(wants.length > 0 ? wants : [h('li', { class: 'well' }, t('needs.nothing'))]))
  }
  const drawn = Promise.all([refreshesPicture(), endsPicture()])
  const [stop, made] = await Promise.all([
    showLive(show, ({ type, from, to }) => type !== 'account.transition' || from !== to),
    drawn,
  ])
  pictures.replaceChildren(...made)
  return stop
}

function grouped(accounts) {
  const groups = new Map()
  for (const each of accounts) {
    const key = JSON.stringify([each.app, each.reason])
    if (!groups.has(key)) groups.set(key, [])
    groups.get(key).push(each)
  }
  return [...groups.values()]
}

function count(state, total) {
  return h(
    'li',
    {},
    h('a', { href: `#/accounts?state=${state}` }, h('b', {}, number(total)), stateMark(state)),
  )
}

/** Accounts of one app that wait for the same action. */
function groupNeeds(group, more) {
  const [{ app, reason = 'revoked', action, recoverable }] = group
  const listed = `#/accounts?${new URLSearchParams({ state: 'revoked', app, ...(reason !== 'revoked' && { reason }) })}`
  const total = `${number(group.length)}${more ? '+' : ''}`
  const each = group.length <= namedEach ? group.map(named) : []
  return h(
    'li',
    {},
    h('a', { href: listed }, t('needs.group', { total, app })),
    ': ',
    group[0].reason ? reasonLink(reason) : reason,
    h('p', {}, action ?? ''),
    recoverable ? h('p', { class: 'soft' }, t('needs.recoverable')) : null,
    each.length > 0 ? h('p', {}, ...each) : null,
    linksAsCsv({ app, reason: group[0].reason }),
  )
}

const named = ({ account }) => [h('a', { href: `#/account/${part(account)}` }, account), ' ']

function appNeeds({ app, state, secrets = [] }) {
  const link = () => h('a', { href: `#/app/${part(app)}` }, app)
  if (state === 'secret-expired')
    return [h('li', {}, link(), `: ${t('needs.rejected')}`, h('p', {}, t('needs.new-secret')))]
  return secrets.flatMap(({ id, expiresAt }) => {
    const days = daysLeft(expiresAt)
    if (days === undefined || days > 30) return []
    const what =
      days < 0 ? t('needs.secret-ended', { secret: id }) : t('needs.secret-ends', { secret: id, days })
    return [h('li', { class: 'soon' }, link(), `: ${what}`, h('p', {}, t('needs.next-secret')))]
  })
}
