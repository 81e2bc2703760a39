import { expect, it } from 'vitest'
import { startMailRu } from '../support/stand-ins/mail-ru.ts'
import { consent, refresh } from './ask.ts'

const scope = 'mail.imap offline_access'

it('Mail.ru returns a refresh token only for offline_access, and only with prompt=consent', async () => {
  await using mailRu = await startMailRu()
  const offers = async (query: Record<string, string>) =>
    (await consent(mailRu, query)).body.refresh_token !== undefined
  expect(await offers({ scope })).toBe(false)
  expect(await offers({ scope: 'mail.imap', prompt: 'consent' })).toBe(false)
  expect(await offers({ scope, prompt: 'consent' })).toBe(true)
})

it('Mail.ru rejects every invalid refresh token with the same error', async () => {
  await using mailRu = await startMailRu()
  const { body } = await consent(mailRu, { scope, prompt: 'consent' })
  mailRu.userRemovesApp('alice')
  const told = { status: 400, body: { error: 'token not found', error_code: 6 } }
  expect(await refresh(mailRu, body.refresh_token)).toMatchObject(told)
  expect(await refresh(mailRu, 'never issued')).toMatchObject(told)
})
