import { parseArgs } from 'node:util'
import { liveThrough } from './cluster-life.ts'
import type { Fault } from './faults.ts'
import { shrink } from './shrink.ts'
import { addUp, describeSum, emptySum } from './sum.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    days: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
})
const days = Number(values.days)
const first = Number(values.seed ?? values.from)
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first

const began = performance.now()
let sum = emptySum
for (let seed = first; seed <= last; seed++) {
  const life = await liveThrough({ seed, days })
  sum = addUp(sum, life, days)
  if (life.broken !== null) await explain(seed, life)
  if (seed % 100 === 0 && seed !== last) say(`${seed - first + 1} seeds, ${sum.broken} broken`)
}
for (const line of describeSum(sum, performance.now() - began)) say(line)
process.exitCode = sum.broken === 0 ? 0 : 1

/** The shortest history that still breaks, and how to see it again. */
async function explain(seed: number, life: Awaited<ReturnType<typeof liveThrough>>): Promise<void> {
  say(`seed ${seed} breaks: ${life.broken?.message}; looking for its shortest history`)
  const faults = await shrink({ ...life, seed, days })
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
