import { account } from './account.js'
import { accounts } from './accounts.js'
import { api } from './api.js'
import { apiTokens } from './api-tokens.js'
import { app } from './app.js'
import { apps } from './apps.js'
import { h, problem, title } from './dom.js'
import { t, translatePage } from './language.js'
import { connect, disconnect } from './live.js'
import { newApp } from './new-app.js'
import { overview } from './overview.js'
import { settings } from './settings.js'
import { signIn } from './sign-in.js'

const main = document.querySelector('#main')
const live = document.querySelector('#live')
const signOut = document.querySelector('#sign-out')
let leave = () => {}
let connected = false
let loaded = false

/** `#/account/<id>`, `#/accounts?state=…`, `#/apps`, `#/app/<id>`, `#/new-app/<provider>`, `#/api-tokens`, `#/settings`, `#/`. */
const views = {
  account: (id) => account(main, id),
  accounts: (_, query) => accounts(main, query),
  app: (id) => app(main, id),
  apps: () => apps(main),
  'new-app': (provider) => newApp(main, provider),
  'api-tokens': () => apiTokens(main),
  settings: () => settings(main),
}

function view(hash) {
  const [path = '/', query = ''] = hash.slice(1).split('?')
  const [, name = '', id = ''] = path.split('/')
  const found = Object.hasOwn(views, name) ? views[name] : () => overview(main)
  return found(decodeURIComponent(id), new URLSearchParams(query))
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
    const left = await view(location.hash)
    leave = left ?? (() => {})
    signOut.hidden = false
    if (!connected) connect((said) => live.replaceChildren(t(said)))
    connected = true
  } catch (error) {
    explain(error)
  }
  // After a link, a screen reader announces the new view; on the first load focus is not moved.
  if (loaded) main.querySelector('h1')?.focus()
  loaded = true
}

function explain(error) {
  if (error.status === 401) return signIn(main, show)
  main.replaceChildren(title(t('failed')), h('p', {}, problem(error)))
}

signOut.addEventListener('click', async () => {
  disconnect()
  connected = false
  signOut.hidden = true
  await api('DELETE', '/session')
  show()
})
window.addEventListener('hashchange', show)
// A view could not be updated, for example because the session has ended.
window.addEventListener('unhandledrejection', ({ reason }) => {
  if (reason.status === 401) explain(reason)
})
translatePage()
show()
