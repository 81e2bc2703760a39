// Microsoft Graph. ACCOUNT=alice@outlook.com asks the real one; graphAuth does the same for Microsoft's own SDK.
import { connectTokens } from 'tokenbus/client'
import { account, apiOf, servers } from './setup.js'

const tokens = await connectTokens({ servers })
const graph = await apiOf('https://graph.microsoft.com')
const answer = await tokens.fetch(account, `${graph}/v1.0/me/calendars`)
const { value = [] } = /** @type {any} */ (await answer.json())
for (const { id, name } of value) console.log(`${id}  ${name}`)
await tokens.close()
