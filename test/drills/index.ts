import { parseArgs } from 'node:util'
import { drills } from './drills.ts'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const say = (line: string) => void process.stdout.write(`${line}\n`)
let failed = 0
for (const { name, run } of drills) {
  if (values.only !== undefined && !name.includes(values.only)) continue
  say(name)
  const began = performance.now()
  try {
    await run(say)
    say(`  passed in ${Math.round((performance.now() - began) / 1_000)} s\n`)
  } catch (error) {
    failed++
    say(`  FAILED: ${error instanceof Error ? error.message : error}\n`)
  }
}
process.exit(failed === 0 ? 0 : 1)
