import { parseArgs } from 'node:util'
import { chaos } from './chaos.ts'
import { brokenPromises, say } from './report.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, accounts: { type: 'string', default: '2000' } },
})
const findings = await chaos({ kills: Number(values.kills), accounts: Number(values.accounts), say })
for (const [what, count] of Object.entries(findings)) say(`${what.padEnd(48)}${count}`)
process.exit(brokenPromises(findings).length > 0 ? 1 : 0)
