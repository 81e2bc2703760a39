import { get } from './api.js'
import { consentLink } from './consent-link.js'
import { h, problem } from './dom.js'
import { t } from './language.js'

const atOnce = 8
const pageSize = 1000

/** A button that creates a consent link for each of these accounts, and downloads them as a CSV file. */
export function linksAsCsv({ app, reason }) {
  const said = h('span', { role: 'status' })
  const button = h('button', { type: 'button' }, t('csv'))
  button.addEventListener('click', async () => {
    button.disabled = true
    try {
      const accounts = await all({ app, reason })
      const rows = await linked(accounts, (done) =>
        said.replaceChildren(t('csv.progress', { done, total: accounts.length })),
      )
      save(
        `consent-links-${app}.csv`,
        [['account', 'user', 'app', 'reason', 'url'], ...rows].map(line).join(''),
      )
    } catch (error) {
      said.replaceChildren(problem(error))
    }
    button.disabled = false
  })
  return h('p', { class: 'buttons' }, button, said)
}

async function all({ app, reason }) {
  const found = []
  let cursor
  do {
    const asked = new URLSearchParams({ state: 'revoked', app, pageSize, ...(reason && { reason }) })
    if (cursor) asked.set('cursor', cursor)
    const page = await get(`/v1/accounts?${asked}`)
    found.push(...page.accounts)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

async function linked(accounts, progress) {
  const rows = []
  for (let i = 0; i < accounts.length; i += atOnce) {
    const some = accounts.slice(i, i + atOnce)
    const urls = await Promise.all(some.map(({ account, app }) => consentLink({ account, app })))
    rows.push(
      ...some.map(({ account, user, app, reason = '' }, index) => [account, user, app, reason, urls[index]]),
    )
    progress(rows.length)
  }
  return rows
}

/** RFC 4180. Cells that a spreadsheet would run as a formula are escaped. */
const line = (cells) =>
  `${cells.map((cell) => `"${(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell).replaceAll('"', '""')}"`).join(',')}\r\n`

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  h('a', { href: url, download: name }).click()
  URL.revokeObjectURL(url)
}
