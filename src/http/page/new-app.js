import { api, get, part } from './api.js'
import { checklist } from './checklist.js'
import { field, form, h, title } from './dom.js'
import { t } from './language.js'
import { settingFields } from './setting-form.js'

/** Adds an app: choose the provider from the catalogue, then set it up step by step. */
export async function newApp(main, provider) {
  if (provider === '') return choose(main)
  const about = await get(`/v1/providers/${part(provider)}`)
  const id = h('input', { maxlength: '256', autocomplete: 'off', value: provider })
  const fields = settingFields(about.settings)
  const submit = async () => {
    const body = { provider, ...fields.changes(), ...(id.value && { id: id.value }) }
    const made = await api('POST', '/v1/oauth2', body)
    location.hash = `#/app/${part(made.id)}`
  }
  main.replaceChildren(
    title(t('new-app.of', { provider: about.displayName })),
    h('h2', {}, t('checklist')),
    checklist(about),
    h('h2', {}, t('settings')),
    form(
      { submit, action: t('new-app.make'), kind: 'stack' },
      field(t('new-app.id'), id, t('new-app.id.hint')),
      fields.element,
    ),
  )
}

async function choose(main) {
  const { providers } = await get('/v1/providers')
  const search = h('input', { type: 'search', autocomplete: 'off' })
  const list = h('ul', { class: 'providers' })
  const show = () => {
    const text = search.value.trim().toLowerCase()
    const found = providers.filter((each) => Object.values(each).join(' ').toLowerCase().includes(text))
    list.replaceChildren(...found.map(entry))
  }
  search.addEventListener('input', show)
  main.replaceChildren(
    title(t('new-app')),
    h('div', { class: 'filters' }, field(t('new-app.search'), search, t('new-app.search.hint'))),
    list,
  )
  show()
}

const entry = ({ provider, displayName, category }) =>
  h(
    'li',
    {},
    h('a', { href: `#/new-app/${part(provider)}` }, displayName),
    h('span', { class: 'soft' }, ` ${category} · ${provider}`),
  )
