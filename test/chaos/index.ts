import { parseArgs } from 'node:util'
import { chaos } from './chaos.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, accounts: { type: 'string', default: '2000' } },
})
const findings = await chaos({
  kills: Number(values.kills),
  accounts: Number(values.accounts),
  say: (line) => process.stdout.write(`${line}\n`),
})
for (const [what, count] of Object.entries(findings)) process.stdout.write(`${what.padEnd(52)}${count}\n`)
const { kills, refreshes, interrupted, ...mustBeZero } = findings
process.exit(Object.values(mustBeZero).some((count) => count > 0) ? 1 : 0)
