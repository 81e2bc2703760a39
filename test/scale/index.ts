import { parseArgs } from 'node:util'
import { scale } from './scale.ts'

const { values } = parseArgs({
  options: { accounts: { type: 'string', default: '10000' }, life: { type: 'string', default: '600' } },
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const wrong = await scale({ accounts: Number(values.accounts), life: Number(values.life), say })
for (const line of wrong) say(`WRONG: ${line}`)
process.exit(wrong.length === 0 ? 0 : 1)
