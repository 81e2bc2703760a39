import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { liveThrough } from './cluster-life.ts'
import type { Fault } from './faults.ts'
import { liveSeeds } from './live-seeds.ts'
import { shrink } from './shrink.ts'
import { addUp, describeSum, emptySum } from './sum.ts'
import type { Lived } from './worker.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    days: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
})
const days = Number(values.days)
const first = Number(values.seed ?? values.from)
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first

const maxExplained = 5
const began = performance.now()
let sum = emptySum
const broken: Lived[] = []
await liveSeeds({
  first,
  last,
  days,
  jobs: Number(values.jobs),
  onLived(lived) {
    sum = addUp(sum, lived.sum)
    if (lived.broken !== null) {
      broken.push(lived)
      say(`seed ${lived.seed} breaks: ${lived.broken.message}`)
    }
    if (sum.seeds % 100 === 0) say(`${sum.seeds} seeds, ${sum.broken} broken`)
  },
})
for (const line of describeSum(sum, performance.now() - began)) say(line)
for (const lived of broken.slice(0, maxExplained)) await explain(lived)
process.exitCode = sum.broken === 0 ? 0 : 1

/** The shortest history that still breaks, and how to see it again. */
async function explain(lived: Lived): Promise<void> {
  const { seed } = lived
  say(`seed ${seed}, its shortest history:`)
  const faults = await shrink({ ...lived, days })
  const notes: { at: number; text: string }[] = []
  const { broken } = await liveThrough({ seed, days, faults, onNote: (note) => notes.push(note) })
  for (const fault of faults) say(`  fault ${secondsOf(fault)} ${fault.kind}, ${Math.round(fault.lasts)} ms`)
  for (const note of notes.slice(-40)) say(`  ${secondsOf(note)} ${note.text}`)
  say(`  ${secondsOf({ at: broken?.at ?? 0 })} ${broken?.message}`)
  say(`  again: npm run simulate -- --seed ${seed} --days ${days}`)
}

function secondsOf({ at }: Pick<Fault, 'at'>): string {
  return `${(at / 1_000).toFixed(2).padStart(11)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
