import { copyButton, h } from './dom.js'
import { t } from './language.js'

/** The steps at the provider, as a checklist. */
export function checklist({ displayName, grant, redirectUrl, setup }) {
  const { register, redirectUrlName, permissions, testing, remarks } = setup
  const isConsent = grant === 'authorization_code'
  const steps = [
    register && [t('checklist.register', { provider: displayName }), ' ', link(register)],
    permissions && [t('checklist.permissions'), ' ', permissions],
    isConsent && [
      t('checklist.redirect', { name: redirectUrlName ?? 'Redirect URI' }),
      ' ',
      h('code', {}, redirectUrl),
      ' ',
      copyButton(t('copy'), redirectUrl),
    ],
    testing && [t('checklist.testing'), ' ', testing],
    ...remarks.map((remark) => [remark]),
    [t('checklist.credentials')],
  ]
  return h('ol', { class: 'checklist' }, ...steps.filter(Boolean).map(step))
}

let steps = 0

function step(content) {
  const id = `step-${++steps}`
  const box = h('input', { type: 'checkbox', 'aria-labelledby': id })
  return h('li', {}, box, h('div', { id }, ...content))
}

const link = (url) => h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, new URL(url).host)
