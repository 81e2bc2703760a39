import { api, at } from './api.js'
import { copyButton, h, problem } from './dom.js'
import { t } from './language.js'

const dayInSeconds = 86_400

/** The URL at which a user consents. `back`: where the browser is redirected afterwards. */
export async function consentLink({ account, app, email, back = '/oauth/connected', ttl = dayInSeconds }) {
  const wish = {
    account: account || null,
    type: app,
    redirectUrl: at(back).href,
    ttl,
    ...(email && { email }),
  }
  return (await api('POST', '/v1/authentication/form', wish)).url
}

/** Starts a consent in this browser, which returns to this page; or copies the link for another user. */
export function consentButtons({ account, app }, label = t('account.again', { account })) {
  const said = h('span', { role: 'alert' })
  const press = async () => {
    try {
      location.assign(await consentLink({ account, app, back: '/' }))
    } catch (error) {
      said.replaceChildren(problem(error))
    }
  }
  return h(
    'p',
    { class: 'buttons' },
    h('button', { type: 'button', onclick: press }, label),
    copyButton(t('consent.copy'), () => consentLink({ account, app })),
    said,
  )
}
