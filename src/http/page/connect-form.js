import { consentLink } from './consent-link.js'
import { choice, copyButton, field, form, h } from './dom.js'
import { t } from './language.js'

/** Adds an account by consent: in this browser, or by a link for another user, valid for a day. */
export function connectForm(apps) {
  const app = choice(
    apps.map((each) => [each.app, each.name ?? each.app]),
    apps[0]?.app,
  )
  const account = h('input', { maxlength: '256', autocomplete: 'off' })
  const email = h('input', { type: 'email', maxlength: '320', autocomplete: 'off' })
  const link = (back) => consentLink({ app: app.value, account: account.value, email: email.value, back })
  const submit = async () => location.assign(await link('/'))
  return form(
    { submit, action: t('connect.now') },
    apps.length > 1 ? field(t('app'), app) : null,
    field(t('connect.account'), account, t('connect.account.hint')),
    field(t('connect.email'), email, t('connect.email.hint')),
    copyButton(t('consent.copy'), () => link()),
  )
}
