import { get, part } from './api.js'
import { facts, h, reasonLink, stateMark, time } from './dom.js'
import { onEvent } from './live.js'
import { reconnectButton } from './reconnect.js'

const mostTransitions = 50

/** One account, and its life as a timeline, the newest first. */
export async function account(main, id) {
  const about = h('div', { 'aria-live': 'polite' })
  const timeline = h('ol', { class: 'timeline', reversed: true })
  main.replaceChildren(h('h1', { tabindex: '-1' }, id), about, h('h2', {}, 'Timeline'), timeline)
  const show = async () => about.replaceChildren(...describe(await get(`/v1/account/${part(id)}`)))
  await show()
  const { transitions } = await get(`/v1/account/${part(id)}/history?limit=${mostTransitions}`)
  timeline.replaceChildren(...transitions.map(entry).reverse())
  // What the history held already may come as an event, too.
  const seen = new Set(transitions.map((transition) => transition.id))
  return onEvent((event) => {
    if (event.account !== id || event.type !== 'account.transition' || seen.has(event.id)) return
    timeline.prepend(entry(event))
    show()
  })
}

function describe(view) {
  const { state, reason, action, recoverable, lastError, missingScopes = [] } = view
  return [
    facts({
      State: stateMark(state),
      Why: reason && reasonLink(reason),
      'What to do': action,
      'May recover by itself': recoverable === undefined ? undefined : recoverable ? 'yes' : 'no',
      User: view.user,
      App: view.app,
      Expires: time(view.expires),
      'Grant ends': time(view.grantExpires),
      'Last refreshed': time(view.lastRefreshedAt),
      'Next attempt': time(view.nextAttemptAt),
      Generation: String(view.generation),
      Scopes: view.registeredScopes.join(', '),
      'Missing scopes': missingScopes.join(', '),
      'Last error': lastError && h('span', {}, reasonLink(lastError.reason), `: ${lastError.action}`),
    }),
    ...(state === 'revoked' || missingScopes.length > 0 ? [reconnectButton(view)] : []),
  ]
}

function entry({ event, from, to, at, snapshot }) {
  // Too large to be kept whole, it lacks what led to it.
  const what = event === undefined ? 'truncated' : `${event.type} · generation ${snapshot.context.generation}`
  const why = event?.reason ?? event?.providerError?.error
  return h(
    'li',
    { class: to ?? '' },
    `${from ?? 'nothing'} → ${to ?? 'removed'}`,
    h('p', {}, time(new Date(at).toISOString()), ` · ${what}`, why ? ` · ${why}` : ''),
  )
}
