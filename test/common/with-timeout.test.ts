import { expect, it } from 'vitest'
import { withTimeout } from '../../src/common/with-timeout.ts'

/** A timer that is fired by hand. */
function manualTimer() {
  const timer = { fire: () => {}, calledOff: false }
  const after = (_: number, job: () => void) => {
    timer.fire = job
    return () => {
      timer.calledOff = true
    }
  }
  return { timer, after }
}

it('is what the work comes to, and calls the timer off', async () => {
  const { timer, after } = manualTimer()
  const work = Promise.resolve('done')
  await expect(withTimeout({ work, milliseconds: 1_000, onTimeout: () => 'late', after })).resolves.toBe(
    'done',
  )
  expect(timer.calledOff).toBe(true)
})

it('rejects as the work does, and calls the timer off', async () => {
  const { timer, after } = manualTimer()
  const work = Promise.reject(new Error('broken'))
  await expect(withTimeout({ work, milliseconds: 1_000, onTimeout: () => 'late', after })).rejects.toThrow(
    'broken',
  )
  expect(timer.calledOff).toBe(true)
})

it('is what onTimeout says once the time is over, and lets later failures of the work pass', async () => {
  const { timer, after } = manualTimer()
  let fail = (_: Error) => {}
  const work = new Promise<string>((_, reject) => {
    fail = reject
  })
  const outcome = withTimeout({ work, milliseconds: 1_000, onTimeout: () => 'late', after })
  timer.fire()
  await expect(outcome).resolves.toBe('late')
  fail(new Error('nobody waits for this any more'))
})

it('rejects with what onTimeout throws', async () => {
  const { timer, after } = manualTimer()
  const onTimeout = () => {
    throw new Error('too late')
  }
  const outcome = withTimeout({ work: new Promise(() => {}), milliseconds: 1_000, onTimeout, after })
  timer.fire()
  await expect(outcome).rejects.toThrow('too late')
})
