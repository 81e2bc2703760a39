import { api, get, part } from './api.js'
import { legend, strip } from './charts.js'
import { consentButtons } from './consent-link.js'
import { doubtful, facts, h, reasonLink, stateMark, time, title } from './dom.js'
import { t } from './language.js'
import { onEvent } from './live.js'
import { states } from './states.js'

const mostTransitions = 200
const mostShown = 50

/** One account: its state, the possible actions, and its history as a strip and a timeline, newest first. */
export async function account(main, id) {
  const about = h('div', { 'aria-live': 'polite' })
  const actions = h('div', {})
  const life = h('div', {})
  const timeline = h('ol', { class: 'timeline', reversed: true })
  main.replaceChildren(title(id), about, actions, h('h2', {}, t('account.life')), life, timeline)
  let offered = ''
  const show = async () => {
    const view = await get(`/v1/account/${part(id)}`)
    about.replaceChildren(describe(view))
    // An open confirmation stays, unless the possible actions have changed.
    const { state, missingScopes } = view
    const now = JSON.stringify([state === 'revoked', missingScopes])
    if (now !== offered) actions.replaceChildren(...actionsFor(view, show))
    offered = now
  }
  await show()
  const { transitions } = await get(`/v1/account/${part(id)}/history?limit=${mostTransitions}`)
  const draw = () => life.replaceChildren(strip(t('account.strip'), transitions), legend(states))
  draw()
  timeline.replaceChildren(...transitions.slice(-mostShown).map(entry).reverse())
  // A transition in the history may arrive as an event too.
  const seen = new Set(transitions.map((transition) => transition.id))
  return onEvent((event) => {
    if (event.account !== id || event.type !== 'account.transition' || seen.has(event.id)) return
    transitions.push(event)
    timeline.prepend(entry(event))
    draw()
    show()
  })
}

function describe(view) {
  const { state, reason, action, recoverable, lastError, missingScopes } = view
  return facts({
    [t('state')]: stateMark(state),
    [t('reason')]: reason && reasonLink(reason),
    [t('action')]: action,
    [t('account.recoverable')]: recoverable === undefined ? undefined : t(recoverable ? 'yes' : 'no'),
    [t('user')]: view.user,
    [t('account.signed-in-as')]: view.signedInAs,
    [t('app')]: h('a', { href: `#/app/${part(view.app)}` }, view.app),
    [t('expires')]: time(view.expires),
    [t('account.grant-ends')]: time(view.grantExpires),
    [t('account.refreshed')]: time(view.lastRefreshedAt),
    [t('account.next')]: time(view.nextAttemptAt),
    [t('account.generation')]: String(view.generation),
    [t('scopes')]: view.registeredScopes.join(', '),
    [t('account.missing')]: missingScopes.join(', '),
    [t('last-error')]: lastError && h('span', {}, reasonLink(lastError.reason), `: ${lastError.action}`),
  })
}

function actionsFor(view, show) {
  const { account, missingScopes } = view
  return [
    consentButtons(view, missingScopes.length > 0 ? t('account.ask-again') : undefined),
    h(
      'p',
      { class: 'buttons' },
      doubtful(t('revoke'), t('account.revoke.sure', { account }), async () => {
        await api('POST', `/v1/account/${part(account)}/revoke`, {})
        await show()
      }),
      doubtful(t('account.delete'), t('account.delete.sure', { account }), async () => {
        await api('DELETE', `/v1/account/${part(account)}?revoke=true`)
        location.hash = '#/accounts'
      }),
    ),
  ]
}

function entry({ event, from, to, at, snapshot }) {
  // A truncated transition has no event.
  const what = event === undefined ? 'truncated' : `${event.type} · ${snapshot.context.generation}`
  const why = event?.reason ?? event?.providerError?.error
  return h(
    'li',
    { class: to ?? '' },
    `${from ?? '∅'} → ${to ?? '∅'}`,
    h('p', {}, time(new Date(at).toISOString()), ` · ${what}`, why ? ` · ${why}` : ''),
  )
}
