import { api } from './api.js'
import { h } from './dom.js'

/** Asks for an API token; the server keeps it in a cookie that no script can read. */
export function signIn(main, done) {
  const token = h('input', {
    id: 'api-token',
    type: 'password',
    required: true,
    autocomplete: 'current-password',
  })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const submit = async (event) => {
    event.preventDefault()
    try {
      await api('POST', '/session', { apiToken: token.value })
      done()
    } catch (error) {
      problem.textContent = error.message
    }
  }
  main.replaceChildren(
    h('h1', { tabindex: '-1' }, 'Sign in'),
    h(
      'p',
      {},
      'With an API token that has the scope admin: tokenbus api-token create shows one, in dev it is adminToken of dev.json.',
    ),
    h(
      'form',
      { class: 'inline', onsubmit: submit },
      h('div', {}, h('label', { for: 'api-token' }, 'API token'), token),
      h('button', { class: 'main', type: 'submit' }, 'Sign in'),
    ),
    problem,
  )
}
