import { api, get, part } from './api.js'
import { daysLeft } from './days-left.js'
import { facts, h, stateMark, table } from './dom.js'
import { calmly, onEvent } from './live.js'
import { verify } from './verify.js'

/** The apps, how long their secrets have left, and a way to add the next one. */
export async function apps(main) {
  const list = h('div', {})
  const findings = new Map()
  main.replaceChildren(h('h1', { tabindex: '-1' }, 'Apps'), list)
  const show = async () => {
    // Who is typing a secret is not interrupted.
    if (list.contains(document.activeElement) && document.activeElement.value) return
    const { apps: found } = await get('/v1/oauth2?pageSize=1000')
    list.replaceChildren(...found.map((app) => section(app, show, findings)))
    if (found.length === 0) list.replaceChildren(h('p', {}, 'There are no apps yet.'))
  }
  await show()
  return onEvent(calmly(show))
}

function section(view, show, findings) {
  const { app, state, provider, secrets = [], lastError } = view
  return h(
    'section',
    { 'aria-label': app },
    h('h2', {}, app),
    facts({ State: stateMark(state), Provider: provider, 'Last error': lastError?.error }),
    secrets.length === 0
      ? null
      : table(`Secrets of ${app}`, ['Secret', 'Days left', 'Rejected'], secrets.map(row)),
    newSecret(app, show),
    ...verify(view, findings),
  )
}

function row({ id, expiresAt, rejected }) {
  const days = daysLeft(expiresAt)
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, id),
    h('td', { class: 'number' }, days === undefined ? 'not known' : String(days)),
    h('td', {}, rejected ? 'yes' : 'no'),
  )
}

function newSecret(app, show) {
  const ids = { secret: `secret-${app}`, until: `until-${app}` }
  const secret = h('input', { id: ids.secret, type: 'password', required: true, autocomplete: 'off' })
  const until = h('input', { id: ids.until, type: 'date' })
  const said = h('span', { role: 'status' })
  const submit = async (event) => {
    event.preventDefault()
    try {
      const expiresAt = until.value && new Date(until.value).toISOString()
      await api('POST', `/v1/oauth2/${part(app)}/secrets`, {
        secret: secret.value,
        ...(expiresAt && { expiresAt }),
      })
      secret.value = ''
      document.activeElement.blur()
      await show()
    } catch (error) {
      said.textContent = error.message
    }
  }
  return h(
    'form',
    { class: 'inline', onsubmit: submit },
    h('div', {}, h('label', { for: ids.secret }, `New client secret of ${app}`), secret),
    h('div', {}, h('label', { for: ids.until }, 'Runs out on'), until),
    h('button', { type: 'submit' }, 'Add secret'),
    said,
  )
}
