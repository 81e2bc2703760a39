import { get, part } from './api.js'
import { connectForm } from './connect-form.js'
import { choice, field, h, stateMark, table, time, title } from './dom.js'
import { number, t, word } from './language.js'
import { calmly, showLive } from './live.js'
import { states } from './states.js'

const pageSize = 50
const filterNames = ['search', 'state', 'app', 'reason', 'user']
/** The number of pages after which a search without results pauses. */
const mostEmpty = 20

/** The accounts, a page at a time, filtered by the server. */
export async function accounts(main, query) {
  const list = h('div', {})
  const cursors = ['']
  const { apps } = await get('/v1/oauth2?pageSize=1000')
  const inputs = inputsOf(query, apps)
  const filters = () =>
    Object.entries(inputs)
      .map(([name, input]) => [name, input.value.trim()])
      .filter(([, value]) => value !== '')

  const show = async () => {
    const { accounts: found, total, cursor } = await firstFull(filters(), cursors.at(-1))
    const caption = total === undefined ? t('nav.accounts') : t('accounts.total', { total: number(total) })
    const step = (label, possible, move) =>
      h('button', { type: 'button', disabled: !possible, onclick: () => move() && show() }, label)
    const headings = ['account', 'state', 'action', 'user', 'expires', 'app'].map((each) => t(each))
    list.replaceChildren(
      table(caption, headings, found.map(row)),
      h('p', { class: 'soft' }, t('accounts.sorted')),
      h(
        'div',
        { class: 'pages' },
        step(t('previous'), cursors.length > 1, () => cursors.pop() !== undefined),
        step(t('next'), cursor !== undefined, () => cursors.push(cursor)),
      ),
    )
  }
  const startOver = async () => {
    // The view may have been closed in between.
    if (!list.isConnected) return
    cursors.splice(1)
    history.replaceState(null, '', `#/accounts?${new URLSearchParams(filters())}`)
    await show()
  }
  const consenting = apps.filter(({ grant, enabled }) => grant === 'authorization_code' && enabled)
  main.replaceChildren(
    title(t('nav.accounts')),
    consenting.length === 0
      ? null
      : h('details', {}, h('summary', {}, t('connect')), connectForm(consenting)),
    h(
      'form',
      { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
      ...filterNames.map((name) => field(t(`filter.${name}`), inputs[name])),
    ),
    list,
  )
  const soon = calmly(startOver)
  for (const input of Object.values(inputs))
    input.addEventListener('input', input.tagName === 'SELECT' ? startOver : soon)
  return showLive(show)
}

function inputsOf(query, apps) {
  const any = ['', t('filter.any')]
  const text = (name) => h('input', { type: 'search', autocomplete: 'off', value: query.get(name) ?? '' })
  return {
    search: text('search'),
    state: choice([any, ...states.map((each) => [each, word('state', each)])], query.get('state') ?? ''),
    app: choice([any, ...apps.map(({ app }) => [app, app])], query.get('app') ?? ''),
    reason: text('reason'),
    user: text('user'),
  }
}

/** The server searches a limited number of accounts per request, and returns a cursor. */
async function firstFull(filters, start) {
  const found = []
  let cursor = start
  for (let page = 0; page < mostEmpty; page++) {
    const asked = new URLSearchParams([['pageSize', pageSize - found.length], ...filters])
    if (cursor) asked.set('cursor', cursor)
    const answer = await get(`/v1/accounts?${asked}`)
    found.push(...answer.accounts)
    cursor = answer.cursor
    if (found.length >= pageSize || cursor === undefined) return { ...answer, accounts: found }
  }
  return { accounts: found, cursor }
}

function row({ account, state, app, user, expires, action }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: `#/account/${part(account)}` }, account)),
    h('td', {}, stateMark(state)),
    // Placed first, because on a phone the rest has to be scrolled to.
    h('td', {}, action ?? ''),
    h('td', {}, user),
    h('td', {}, time(expires)),
    h('td', {}, app),
  )
}
