import { api, part } from './api.js'
import { daysLeft } from './days-left.js'
import { doubtful, field, form, h, table } from './dom.js'
import { t } from './language.js'

/** The secrets of an app with their remaining days, and forms to add and remove one. */
export function secretList({ app, secrets = [] }, show) {
  return [
    secrets.length === 0
      ? h('p', {}, t('secrets.none'))
      : table(
          t('secrets.of', { app }),
          [t('secret'), t('secrets.days'), t('secrets.rejected'), ''],
          secrets.map((secret) => row(app, secret, show)),
        ),
    newSecret(app, show),
  ]
}

function row(app, { id, expiresAt, rejected }, show) {
  const days = daysLeft(expiresAt)
  const remove = async () => {
    await api('DELETE', `/v1/oauth2/${part(app)}/secrets/${part(id)}`)
    await show()
  }
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, id),
    h('td', { class: 'number' }, days === undefined ? t('not-known') : String(days)),
    h('td', {}, t(rejected ? 'yes' : 'no')),
    h('td', {}, doubtful(t('remove'), t('secrets.remove.sure', { secret: id }), remove)),
  )
}

function newSecret(app, show) {
  const secret = h('input', { type: 'password', required: true, autocomplete: 'new-password' })
  const until = h('input', { type: 'date' })
  const submit = async () => {
    await api('POST', `/v1/oauth2/${part(app)}/secrets`, {
      secret: secret.value,
      ...(until.value && { expiresAt: new Date(until.value).toISOString() }),
    })
    secret.value = ''
    await show()
  }
  return form(
    { submit, action: t('secrets.add') },
    field(t('secrets.new', { app }), secret),
    field(t('secrets.until'), until),
  )
}
