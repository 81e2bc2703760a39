// Google's own SDK, signed in by tokenbus. ACCOUNT=alice@gmail.com asks the real Google.
import { auth, calendar } from '@googleapis/calendar'
import { connectTokens, googleAuth } from 'tokenbus/client'
import { account, apiOf, servers } from './setup.js'

const tokens = await connectTokens({ servers })
const google = calendar({
  version: 'v3',
  rootUrl: await apiOf('https://www.googleapis.com'),
  auth: googleAuth({ tokens, account, client: new auth.OAuth2() }),
})
const { data } = await google.calendarList.list()
for (const { id, summary } of data.items ?? []) console.log(`${id}  ${summary}`)
await tokens.close()
