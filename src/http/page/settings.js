import { api, get } from './api.js'
import { facts, field, form, h, time, title } from './dom.js'
import { t } from './language.js'

/** Settings of the whole cluster: whether tokens are served over HTTP. */
export async function settings(main) {
  const about = h('div', { 'aria-live': 'polite' })
  const show = (state) => about.replaceChildren(...tokenApi(state, show))
  main.replaceChildren(title(t('nav.settings')), h('h2', {}, t('token-api')), about)
  show(await get('/session/token-api'))
}

function tokenApi(state, show) {
  const { enabled, decidedBy, switch: turned } = state
  const example = `curl -H "Authorization: Bearer $API_TOKEN" ${new URL('.', location.href)}v1/account/ACCOUNT/oauth-token`
  return [
    h('p', {}, t('token-api.hint')),
    facts({
      [t('state')]: h('strong', {}, t(enabled ? 'token-api.on' : 'token-api.off')),
      [t('token-api.by')]: turned?.by,
      [t('token-api.at')]: turned && time(turned.at),
    }),
    decidedBy === 'environment' ? h('p', {}, t('token-api.environment')) : turn(enabled, show),
    h('p', { class: 'soft' }, t('token-api.example')),
    h('pre', { tabindex: '0' }, example),
  ]
}

function turn(enabled, show) {
  const token = h('input', { type: 'password', required: true, autocomplete: 'current-password' })
  const submit = async () =>
    show(await api('PUT', '/session/token-api', { enabled: !enabled, apiToken: token.value }))
  const action = t(enabled ? 'token-api.turn-off' : 'token-api.turn-on')
  return form({ submit, action }, field(t('token-api.again'), token))
}
