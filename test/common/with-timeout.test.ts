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

it('settles as the work does, and cancels the timer', async () => {
  const { timer, after } = manualTimer()
  const work = Promise.resolve('done')
  await expect(withTimeout({ work, milliseconds: 1_000, onTimeout: () => 'late', after })).resolves.toBe(
    'done',
  )
  expect(timer.calledOff).toBe(true)
})

it('rejects as the work does, and cancels the timer', async () => {
  const { timer, after } = manualTimer()
  const work = Promise.reject(new Error('broken'))
  await expect(withTimeout({ work, milliseconds: 1_000, onTimeout: () => 'late', after })).rejects.toThrow(
    'broken',
  )
  expect(timer.calledOff).toBe(true)
})

it('is the result of onTimeout once the time is over, and ignores later failures of the work', async () => {
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

it('rejects if onTimeout throws', async () => {
  const { timer, after } = manualTimer()
  const onTimeout = () => {
    throw new Error('too late')
  }
  const outcome = withTimeout({ work: new Promise(() => {}), milliseconds: 1_000, onTimeout, after })
  timer.fire()
  await expect(outcome).rejects.toThrow('too late')
})
