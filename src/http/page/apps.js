import { get, part } from './api.js'
import { daysLeft } from './days-left.js'
import { h, stateMark, table, title } from './dom.js'
import { number, t } from './language.js'
import { showLive } from './live.js'

/** With more apps, accounts are counted in the view of each app only. */
const mostCounted = 50

/** The apps, with the remaining days of their secrets and the number of accounts. */
export async function apps(main) {
  const list = h('div', {})
  main.replaceChildren(
    title(t('nav.apps')),
    h('p', {}, h('a', { class: 'button', href: '#/new-app' }, t('new-app'))),
    list,
  )
  const show = async () => {
    const { apps: found } = await get('/v1/oauth2?pageSize=1000')
    const headings = ['app', 'name', 'provider', 'state', 'accounts', 'secrets.days'].map((each) => t(each))
    const rows = found.map((app, index) => row(app, index < mostCounted))
    list.replaceChildren(
      found.length === 0 ? h('p', {}, t('apps.none')) : table(t('nav.apps'), headings, rows),
    )
  }
  return showLive(show, ({ type }) => type.startsWith('app.'))
}

function row({ app, name = '', provider, state, enabled, secrets = [] }, counted) {
  const accounts = h('td', { class: 'number' }, '')
  if (counted) countOf(app).then((total) => accounts.replaceChildren(number(total)))
  const days = secrets.map(({ expiresAt }) => daysLeft(expiresAt)).filter((left) => left !== undefined)
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: `#/app/${part(app)}` }, app)),
    h('td', {}, name),
    h('td', {}, provider),
    h('td', {}, stateMark(state), enabled ? null : ` · ${t('app.disabled')}`),
    accounts,
    h('td', { class: 'number' }, days.length === 0 ? '–' : String(Math.min(...days))),
  )
}

export const countOf = async (app) => (await get(`/v1/accounts?app=${part(app)}&pageSize=1`)).total ?? 0
