import { isDeepStrictEqual } from 'node:util'
import { move } from './move.ts'

/** `npm run moving -- 10000`: what an import, an export and a move of so many accounts take, and whether anything is lost. */
const accounts = Number(process.argv[2] ?? 10_000)
const write = (line: string) => void process.stdout.write(`${line}\n`)
const moved = await move({ accounts, badEvery: 100, say: write })
for (const [step, { code, seconds, megabytes, lines }] of Object.entries(moved.steps)) {
  const { summary } = lines.findLast((line) => line.summary) ?? {}
  write(`${step}: exit ${code}, ${seconds.toFixed(1)} s, ${megabytes} MB, ${JSON.stringify(summary)}`)
}
const equal = isDeepStrictEqual(moved.before, moved.after)
const { refreshed, lost, leaks } = moved
write(`accounts ${Object.keys(moved.after).length}, refreshed there ${refreshed}, grants lost ${lost}`)
write(`round trip ${equal ? 'equal' : 'NOT equal'}, secrets in any output ${leaks.length}`)
process.exit(equal && lost === 0 && leaks.length === 0 ? 0 : 1)
