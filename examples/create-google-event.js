// Without an SDK: tokens.fetch is fetch with a token. ACCOUNT=alice@gmail.com asks the real Google.
import { connectTokens, TokensError } from 'tokenbus/client'
import { account, apiOf, servers } from './setup.js'

const inOneHour = Date.now() + 3_600_000
const event = {
  summary: 'Lunch',
  start: { dateTime: new Date(inOneHour).toISOString() },
  end: { dateTime: new Date(inOneHour + 1_800_000).toISOString() },
}

const tokens = await connectTokens({ servers })
try {
  const google = await apiOf('https://www.googleapis.com')
  const answer = await tokens.fetch(account, `${google}/calendar/v3/calendars/primary/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  })
  const { summary, htmlLink } = /** @type {any} */ (await answer.json())
  console.log(answer.status, summary, htmlLink)
} catch (error) {
  if (!(error instanceof TokensError)) throw error
  if (error.code === 'grant_revoked') console.error(`${error.account}: ${error.reason}; ${error.action}`)
  else console.error(`${error.code}, try again in ${error.retryAfter ?? 1} s`)
  process.exitCode = 1
} finally {
  await tokens.close()
}
