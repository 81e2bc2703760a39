import { api, get, part } from './api.js'
import { copyButton, doubtful, field, form, h, table, time, title } from './dom.js'
import { t } from './language.js'

const scopes = ['token:read', 'account:write', 'app:write', 'events:read', 'admin']

/** API tokens: created, shown once, and revoked. */
export async function apiTokens(main) {
  const list = h('div', {})
  const made = h('div', { 'aria-live': 'polite' })
  const show = async () => {
    const { apiTokens: found } = await get('/v1/api-tokens')
    const headings = ['name', 'scopes', 'accounts', 'created', 'last-used', 'expires']
    list.replaceChildren(
      table(
        t('nav.api-tokens'),
        [...headings.map((each) => t(`api-tokens.${each}`)), ''],
        found.map((each) => row(each, show)),
      ),
    )
  }
  main.replaceChildren(
    title(t('nav.api-tokens')),
    h('h2', {}, t('api-tokens.make')),
    maker(made, show),
    made,
    list,
  )
  await show()
}

function row({ id, name, scopes: granted, accounts, createdAt, lastUsedAt, expiresAt }, show) {
  const revoke = async () => {
    await api('DELETE', `/v1/api-tokens/${part(id)}`)
    await show()
  }
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name, h('span', { class: 'soft' }, ` ${id}`)),
    h('td', {}, granted.join(', ')),
    h('td', {}, accounts),
    h('td', {}, time(createdAt)),
    h('td', {}, time(lastUsedAt)),
    h('td', {}, time(expiresAt)),
    h('td', {}, doubtful(t('revoke'), t('api-tokens.revoke.sure', { name }), revoke)),
  )
}

function maker(made, show) {
  const name = h('input', { required: true, maxlength: '128', autocomplete: 'off' })
  const accounts = h('input', { value: '*', required: true, maxlength: '256', autocomplete: 'off' })
  const until = h('input', { type: 'date' })
  const boxes = scopes.map((scope) =>
    h('input', { type: 'checkbox', value: scope, id: `scope-${scope}`, checked: scope === 'token:read' }),
  )
  const submit = async () => {
    const wish = {
      name: name.value,
      scopes: boxes.filter(({ checked }) => checked).map(({ value }) => value),
      accounts: accounts.value,
      ...(until.value && { expiresAt: new Date(until.value).toISOString() }),
    }
    const { token } = await api('POST', '/v1/api-tokens', wish)
    made.replaceChildren(
      h(
        'div',
        { class: 'once' },
        h('p', {}, t('api-tokens.once')),
        h('code', {}, token),
        ' ',
        copyButton(t('copy'), token),
      ),
    )
    name.value = ''
    await show()
  }
  return form(
    { submit, action: t('api-tokens.make'), kind: 'stack' },
    field(t('api-tokens.name'), name),
    h(
      'fieldset',
      {},
      h('legend', {}, t('api-tokens.scopes')),
      ...boxes.map((box) =>
        h(
          'div',
          { class: 'check' },
          box,
          h('label', { for: box.id }, `${box.value}: ${t(`scope.${box.value}`)}`),
        ),
      ),
    ),
    field(t('api-tokens.accounts'), accounts, t('api-tokens.accounts.hint')),
    field(t('api-tokens.expires'), until),
  )
}
