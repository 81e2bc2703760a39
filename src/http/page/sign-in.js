import { api } from './api.js'
import { field, form, h, title } from './dom.js'
import { t } from './language.js'

/** Asks for an API token; the server keeps it in a cookie that no script can read. */
export function signIn(main, done) {
  const token = h('input', { type: 'password', required: true, autocomplete: 'current-password' })
  const submit = async () => {
    await api('POST', '/session', { apiToken: token.value })
    done()
  }
  main.replaceChildren(
    title(t('sign-in')),
    h('p', {}, t('sign-in.hint')),
    form({ submit, action: t('sign-in') }, field(t('api-token'), token)),
  )
}
