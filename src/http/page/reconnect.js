import { api, at } from './api.js'
import { h } from './dom.js'

/** Sends whoever presses it through consent again, and back to this page. */
export function reconnectButton({ account, app }) {
  const problem = h('span', { class: 'problem', role: 'alert' })
  const press = async () => {
    try {
      const wish = { account, type: app, redirectUrl: at('/').href }
      const { url } = await api('POST', '/v1/authentication/form', wish)
      location.assign(url)
    } catch (error) {
      problem.textContent = error.message
    }
  }
  return h('p', {}, h('button', { type: 'button', onclick: press }, `Connect ${account} again`), ' ', problem)
}
