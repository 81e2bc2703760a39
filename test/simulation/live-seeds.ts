import { fork } from 'node:child_process'
import type { Lived } from './worker.ts'

export interface LiveSeedsOptions {
  readonly first: number
  readonly last: number
  readonly days: number
  readonly jobs: number
  onLived(lived: Lived): void
}

const worker = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
/** Most objects of a run are short-lived: a young generation of this size avoids promoting them. */
const execArgv = ['--max-semi-space-size=64']

/** Lives through all seeds from the first to the last, in as many processes as jobs. */
export async function liveSeeds({ first, last, days, jobs, onLived }: LiveSeedsOptions): Promise<void> {
  let next = first
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(worker, { execArgv })
      const give = () => (next <= last ? child.send({ seed: next++, days }) : child.disconnect())
      child.on('message', (lived: Lived) => {
        onLived(lived)
        give()
      })
      child.on('error', reject)
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
      give()
    })
  await Promise.all(Array.from({ length: Math.min(jobs, last - first + 1) }, work))
}
