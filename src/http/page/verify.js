import { api, part } from './api.js'
import { h, table } from './dom.js'

const outcomes = new Map([
  [true, 'ok'],
  [false, 'failed'],
])

/** Tries an app at its provider and shows each step, in a place of `findings`, which outlives this view of the app. */
export function verify({ app, grant }, findings) {
  const found = findings.get(app) ?? h('div', { 'aria-live': 'polite' })
  findings.set(app, found)
  const id = `behalf-${app}`
  const user = h('input', { id, type: 'email', autocomplete: 'off' })
  const submit = async (event) => {
    event.preventDefault()
    found.replaceChildren(h('p', { class: 'soft' }, 'Asking the provider …'))
    const body = user.value ? { user: user.value } : {}
    const told = await api('POST', `/v1/oauth2/${part(app)}/verify`, body).then(
      ({ steps }) => table(`Set-up of ${app}`, ['Step', 'Outcome', 'Found', 'What to do'], steps.map(row)),
      (error) => h('p', { class: 'problem' }, error.message),
    )
    found.replaceChildren(told)
  }
  return [
    h(
      'form',
      { class: 'inline', onsubmit: submit },
      grant === 'jwt_bearer'
        ? h('div', {}, h('label', { for: id }, `Mailbox that ${app} acts for`), user)
        : null,
      h('button', { type: 'submit' }, `Verify ${app}`),
    ),
    found,
  ]
}

function row({ step, ok, message, action }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, step.replace('_', ' ')),
    h('td', { class: ok === false ? 'problem' : '' }, outcomes.get(ok) ?? 'not known'),
    h('td', {}, message),
    h('td', {}, action ?? ''),
  )
}
