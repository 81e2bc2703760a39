import { get, part } from './api.js'
import { daysLeft } from './days-left.js'
import { h, reasonLink, stateMark } from './dom.js'
import { calmly, onEvent } from './live.js'
import { reconnectButton } from './reconnect.js'
import { states } from './states.js'

const mostShown = 50

/** Counts by state, and what needs a person now. */
export async function overview(main) {
  const counts = h('ul', { class: 'counts' })
  const needs = h('ul', { class: 'needs' })
  main.replaceChildren(
    h('h1', { tabindex: '-1' }, 'Overview'),
    counts,
    h('h2', {}, 'Needs a person now'),
    h('div', { 'aria-live': 'polite' }, needs),
  )
  const refresh = async () => {
    const [{ accounts }, revoked, { apps }] = await Promise.all([
      get('/v1/overview'),
      get(`/v1/accounts?state=revoked&pageSize=${mostShown}`),
      get('/v1/oauth2?pageSize=1000'),
    ])
    counts.replaceChildren(...states.map((state) => count(state, accounts[state] ?? 0)))
    const wants = [...apps.flatMap(appNeeds), ...revoked.accounts.map(accountNeeds)]
    needs.replaceChildren(
      ...(wants.length > 0 ? wants : [h('li', { class: 'soon' }, 'Nothing. All is well.')]),
    )
  }
  await refresh()
  return onEvent(calmly(refresh))
}

function count(state, number) {
  return h(
    'li',
    {},
    h('a', { href: `#/accounts?state=${state}` }, h('b', {}, number.toLocaleString()), stateMark(state)),
  )
}

function accountNeeds({ account, app, reason, action, recoverable }) {
  return h(
    'li',
    {},
    h('a', { href: `#/account/${part(account)}` }, account),
    ` (${app}): `,
    reason ? reasonLink(reason) : 'revoked',
    h('p', {}, action ?? ''),
    h('p', { class: 'soft' }, recoverable ? 'It is looked at again about once a day.' : ''),
    reconnectButton({ account, app }),
  )
}

function appNeeds({ app, state, secrets = [] }) {
  const link = h('a', { href: '#/apps' }, app)
  if (state === 'secret-expired')
    return [
      h(
        'li',
        {},
        link,
        ': the provider rejects its credentials',
        h('p', {}, 'Add a new client secret; nobody has to sign in again.'),
      ),
    ]
  return secrets.flatMap(({ id, expiresAt }) => {
    const days = daysLeft(expiresAt)
    if (days === undefined || days > 30) return []
    return [
      h(
        'li',
        { class: 'soon' },
        link.cloneNode(true),
        `: the secret ${id} ${days < 0 ? 'has run out' : `runs out in ${days} days`}`,
        h('p', {}, 'Add the next secret before this one runs out.'),
      ),
    ]
  })
}
