import { api, get, part } from './api.js'
import { countOf } from './apps.js'
import { checklist } from './checklist.js'
import { connectForm } from './connect-form.js'
import { doubtful, facts, form, h, problem, reasonLink, stateMark, title } from './dom.js'
import { number, t } from './language.js'
import { showLive } from './live.js'
import { secretList } from './secrets.js'
import { settingFields } from './setting-form.js'
import { verify } from './verify.js'

const conflict = 409
const maxTries = 3

/** One app: its state, its accounts, its registration at the provider, its secrets and all its settings. */
export async function app(main, id) {
  const about = h('div', { 'aria-live': 'polite' })
  const turned = h('span', {})
  const connecting = h('section', {})
  const secrets = h('div', {})
  const editing = h('div', {})
  const view = await get(`/v1/oauth2/${part(id)}`)
  const provider = await get(`/v1/providers/${part(view.provider)}`).catch(() => undefined)

  const show = async () => {
    const [now, accounts] = await Promise.all([get(`/v1/oauth2/${part(id)}`), countOf(id)])
    about.replaceChildren(describe(now, accounts))
    connecting.hidden = !now.enabled
    if (!turned.contains(document.activeElement)) turned.replaceChildren(turn(now, () => refresh()))
    // The form is not replaced while a secret is being typed.
    if (!secrets.contains(document.activeElement) || !document.activeElement.value)
      secrets.replaceChildren(...secretList(now, show))
  }
  const edit = (now) => editing.replaceChildren(editor(now, provider, () => refresh()))
  const refresh = async () => {
    edit(await get(`/v1/oauth2/${part(id)}`))
    await show()
  }
  main.replaceChildren(
    title(view.name ?? id),
    about,
    h('p', {}, turned),
    connecting,
    h('h2', {}, t('secrets')),
    secrets,
    h('h2', {}, t('checklist')),
    provider ? checklist(provider) : h('p', {}, t('app.no-provider')),
    ...verify(view),
    h('h2', {}, t('settings')),
    editing,
    h('h2', {}, t('app.delete')),
    deletion(id),
  )
  if (view.grant === 'authorization_code')
    connecting.replaceChildren(h('h2', {}, t('connect')), connectForm([view]))
  edit(view)
  return showLive(show, (event) => event.app === id)
}

function describe({ app, state, provider, lastError, enabled }, accounts) {
  return facts({
    [t('state')]: h('span', {}, stateMark(state), enabled ? '' : ` · ${t('app.disabled')}`),
    [t('app')]: app,
    [t('provider')]: provider,
    [t('accounts')]: h('a', { href: `#/accounts?app=${part(app)}` }, number(accounts)),
    [t('last-error')]: lastError && h('span', {}, reasonLink(lastError.reason), `: ${lastError.action}`),
  })
}

/** Nothing of it is lost, so that turning it on needs no second question. */
function turn({ app, enabled }, done) {
  const act = async () => {
    await api('PUT', `/v1/oauth2/${part(app)}`, { enabled: !enabled })
    document.activeElement?.blur()
    await done()
  }
  if (enabled) return doubtful(t('app.disable'), t('app.disable.sure', { app }), act)
  const said = h('span', { role: 'alert' })
  const onclick = () => act().catch((error) => said.replaceChildren(problem(error)))
  return h('span', {}, h('button', { type: 'button', class: 'main', onclick }, t('app.enable')), ' ', said)
}

function editor(view, provider, done) {
  if (provider === undefined) return h('p', {}, t('app.no-provider'))
  const isGiven = ({ name, secret }) => secret && name !== 'clientId'
  const settings = provider.settings
    .filter(({ name }) => name !== 'enabled')
    .map((each) => (isGiven(each) ? { ...each, required: false, usual: false } : each))
  const fields = settingFields(settings, view)
  const submit = async (said) => {
    const changes = fields.changes()
    if (Object.keys(changes).length === 0) return said.replaceChildren(t('settings.unchanged'))
    await save({ view, fields, changes })
    await done()
  }
  return form(
    { submit, action: t('settings.save'), kind: 'stack' },
    h('p', { class: 'soft' }, t('settings.hint')),
    fields.element,
  )
}

/**
 * Fails if somebody has changed the settings since the form was drawn. The revision also changes when tokenbus itself
 * saves the app, for example its state: then the save is repeated with the new revision.
 */
async function save({ view, fields, changes }) {
  const path = `/v1/oauth2/${part(view.app)}`
  let { revision } = view
  for (let tries = 1; ; tries++) {
    try {
      return await api('PUT', path, { ...changes, ifVersion: revision })
    } catch (error) {
      if (error.status !== conflict) throw error
      const now = await get(path)
      const names = fields.changedSince(now).join(', ')
      if (names !== '') throw new Error(t('settings.changed', { names }))
      if (tries === maxTries) throw error
      revision = now.revision
    }
  }
}

function deletion(id) {
  const said = h('span', { role: 'alert' })
  const act = async () => {
    try {
      await api('DELETE', `/v1/oauth2/${part(id)}`)
      location.hash = '#/apps'
    } catch (error) {
      said.replaceChildren(problem(error))
    }
  }
  return h('p', {}, doubtful(t('app.delete'), t('app.delete.sure', { app: id }), act), ' ', said)
}
