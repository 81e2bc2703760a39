import { account } from './account.js'
import { accounts } from './accounts.js'
import { api } from './api.js'
import { apps } from './apps.js'
import { h } from './dom.js'
import { connect, disconnect } from './live.js'
import { overview } from './overview.js'
import { signIn } from './sign-in.js'

const main = document.querySelector('#main')
const live = document.querySelector('#live')
const signOut = document.querySelector('#sign-out')
let leave = () => {}
let connected = false

/** `#/account/<id>`, `#/accounts?state=…`, `#/apps`, `#/`. */
function viewOf(hash) {
  const [path = '/', query = ''] = hash.slice(1).split('?')
  const [, name = '', id = ''] = path.split('/')
  if (name === 'account') return () => account(main, decodeURIComponent(id))
  if (name === 'accounts') return () => accounts(main, new URLSearchParams(query))
  return name === 'apps' ? () => apps(main) : () => overview(main)
}

async function show() {
  leave()
  leave = () => {}
  for (const link of document.querySelectorAll('header nav a')) {
    const here = link.getAttribute('href') === (location.hash.split('?')[0] || '#/')
    if (here) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  try {
    leave = await viewOf(location.hash)()
    signOut.hidden = false
    if (!connected) connect((said) => live.replaceChildren(said))
    connected = true
  } catch (error) {
    return explain(error)
  }
  main.querySelector('h1')?.focus()
}

function explain(error) {
  if (error.status === 401) return signIn(main, show)
  main.replaceChildren(
    h('h1', { tabindex: '-1' }, 'That did not work'),
    h('p', { class: 'problem' }, error.message),
  )
  main.querySelector('h1').focus()
}

signOut.addEventListener('click', async () => {
  disconnect()
  connected = false
  signOut.hidden = true
  await api('DELETE', '/session')
  show()
})
window.addEventListener('hashchange', show)
// A view that could not be brought up to date, the session having ended say.
window.addEventListener('unhandledrejection', ({ reason }) => {
  if (reason.status === 401) explain(reason)
})
show()
