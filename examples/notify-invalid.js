// Tells a person that an account needs one: on the terminal, or by POST to WEBHOOK. Ctrl-C ends it.
import { connectTokens } from 'tokenbus/client'
import { servers } from './setup.js'

const { WEBHOOK } = process.env
const tokens = await connectTokens({ servers })
tokens.on('invalid', async ({ account, user, reason, recoverable, action }) => {
  const text = `${account} (${user}) has no token any more: ${reason}; ${action}`
  if (WEBHOOK === undefined) return console.log(text)
  const headers = { 'content-type': 'application/json' }
  await fetch(WEBHOOK, { method: 'POST', headers, body: JSON.stringify({ text, recoverable }) })
})
console.log('waiting for accounts that lose their token')
