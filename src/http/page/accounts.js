import { get, part } from './api.js'
import { h, stateMark, table, time } from './dom.js'
import { calmly, onEvent } from './live.js'
import { states } from './states.js'

const pageSize = 50

/** The accounts, a page at a time, filtered by the server. */
export async function accounts(main, query) {
  const list = h('div', {})
  const cursors = ['']
  const search = h('input', {
    id: 'search',
    type: 'search',
    value: query.get('prefix') ?? '',
    autocomplete: 'off',
  })
  const state = h(
    'select',
    { id: 'state' },
    h('option', { value: '' }, 'any state'),
    ...states.map((each) => h('option', { value: each, selected: query.get('state') === each }, each)),
  )
  const filters = () => ({ state: state.value, prefix: search.value.trim() })

  const show = async () => {
    const asked = new URLSearchParams({ pageSize, ...filters() })
    for (const [name, value] of [...asked]) if (value === '') asked.delete(name)
    if (cursors.at(-1)) asked.set('cursor', cursors.at(-1))
    const { accounts: found, total, cursor } = await get(`/v1/accounts?${asked}`)
    const caption = total === undefined ? 'Accounts' : `${total.toLocaleString()} accounts`
    const step = (label, possible, move) =>
      h('button', { type: 'button', disabled: !possible, onclick: () => move() && show() }, label)
    list.replaceChildren(
      table(caption, ['Account', 'State', 'What to do', 'Expires', 'App'], found.map(row)),
      h(
        'div',
        { class: 'pages' },
        step('Previous', cursors.length > 1, () => cursors.pop() !== undefined),
        step('Next', cursor !== undefined, () => cursors.push(cursor)),
      ),
    )
  }
  const startOver = async () => {
    // The view may have been left in between.
    if (!list.isConnected) return
    cursors.splice(1)
    const kept = Object.entries(filters()).filter(([, value]) => value !== '')
    history.replaceState(null, '', `#/accounts?${new URLSearchParams(kept)}`)
    await show()
  }
  const soon = calmly(startOver)
  main.replaceChildren(
    h('h1', { tabindex: '-1' }, 'Accounts'),
    h(
      'form',
      { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
      h('div', {}, h('label', { for: 'search' }, 'Id begins with'), search),
      h('div', {}, h('label', { for: 'state' }, 'State'), state),
    ),
    list,
  )
  search.addEventListener('input', soon)
  state.addEventListener('change', startOver)
  await show()
  return onEvent(calmly(show))
}

function row({ account, state, app, expires, action }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: `#/account/${part(account)}` }, account)),
    h('td', {}, stateMark(state)),
    // Before the rest: on a phone, that has to be scrolled to.
    h('td', {}, action ?? ''),
    h('td', {}, time(expires)),
    h('td', {}, app),
  )
}
