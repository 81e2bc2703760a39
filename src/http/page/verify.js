import { api, part } from './api.js'
import { field, form, h, table } from './dom.js'
import { t, word } from './language.js'

const outcomes = new Map([
  [true, 'verify.ok'],
  [false, 'verify.failed'],
])

/** Verifies an app at its provider, and shows each step. */
export function verify({ app, grant }) {
  const found = h('div', { 'aria-live': 'polite' })
  const user = h('input', { type: 'email', autocomplete: 'off' })
  const submit = async () => {
    found.replaceChildren(h('p', { class: 'soft' }, t('verify.asking')))
    const body = user.value ? { user: user.value } : {}
    try {
      const { steps } = await api('POST', `/v1/oauth2/${part(app)}/verify`, body)
      const headings = ['step', 'outcome', 'found', 'action'].map((each) => t(`verify.${each}`))
      found.replaceChildren(table(t('verify.of', { app }), headings, steps.map(row)))
    } catch (error) {
      found.replaceChildren()
      throw error
    }
  }
  return [
    form(
      { submit, action: t('verify', { app }) },
      grant === 'jwt_bearer' ? field(t('verify.user', { app }), user) : null,
    ),
    found,
  ]
}

function row({ step, ok, message, action }) {
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, word('step', step)),
    h('td', { class: ok === false ? 'problem' : '' }, t(outcomes.get(ok) ?? 'not-known')),
    h('td', {}, message),
    h('td', {}, action ?? ''),
  )
}
