import { expect, it } from 'vitest'
import { type AppContext, type AppEvent, isDown, refusedAt } from '../../machines/index.ts'
import { minute, start } from '../../src/testing/index.ts'
import { app, clientAccepted, secretsPut } from '../support/app-given.ts'

const error = {
  reason: 'client_rejected',
  action: 'fix or rotate the client secret',
  providerError: { status: 401, error: 'invalid_client' },
}
const refusedThere = (grant: string, at = start, endpoint = 'red'): AppEvent => ({
  type: 'endpoint.refused',
  id: 'refused',
  at,
  endpoint,
  grant,
  error,
})
const probed = (attempt: string, at: number): AppEvent => ({
  type: 'endpoint.probed',
  id: 'probed',
  at,
  endpoint: 'red',
  attempt,
})
const acceptedThere = (at: number): AppEvent => ({
  type: 'endpoint.accepted',
  id: 'accepted',
  at,
  endpoint: 'red',
})
const contextOf = ({ after }: { after: { context: object } }) => after.context as AppContext
const well = [secretsPut({ one: null }), clientAccepted('one', start)] as const

it('two refused grants open the circuit of their endpoint, and of no other', () => {
  const once = app(...well, refusedThere('a')).when(refusedThere('a'))
  expect(isDown(contextOf(once), 'red')).toBe(false)
  const twice = app(...well, refusedThere('a')).when(refusedThere('b'))
  expect([isDown(contextOf(twice), 'red'), isDown(contextOf(twice), 'green')]).toEqual([true, false])
  expect(twice.after.value).toBe('healthy')
})

it('an endpoint with an open circuit is probed by one attempt at a time, after 5 min and then with backoff', () => {
  const down = [...well, refusedThere('a'), refusedThere('b')]
  app(...down)
    .when(probed('early', start + 4 * minute))
    .thenNothing()
  const first = app(...down, probed('first', start + 5 * minute))
  first.when(probed('second', start + 6 * minute)).thenNothing()
  const next = first.when(probed('second', start + 15 * minute))
  expect(refusedAt(contextOf(next), 'red')).toMatchObject({ probe: 'second', probes: 2 })
})

it('an accepted request closes the circuit of its endpoint, and wakes the waiting accounts', () => {
  const down = [...well, refusedThere('a'), refusedThere('b')]
  const up = app(...down).when(acceptedThere(start + minute))
  expect(contextOf(up).endpoints).toEqual([])
  expect(up.effects).toContainEqual({ type: 'accounts.wake' })
  const other = app(...well, refusedThere('a')).when(acceptedThere(start + minute))
  expect(other.effects).not.toContainEqual({ type: 'accounts.wake' })
})

it('a changed secret clears the evidence about all endpoints', () => {
  const down = [...well, refusedThere('a'), refusedThere('b')]
  const changed = app(...down).when({
    ...secretsPut({ two: null }),
    at: start + minute,
    changed: true,
  } as AppEvent)
  expect(contextOf(changed).endpoints).toEqual([])
})

it('evidence about the last 32 endpoints is kept', () => {
  const many = Array.from({ length: 40 }, (_, i) => refusedThere('a', start + i, `tenant-${i}`))
  const { endpoints } = contextOf(app(...well, ...many).when(refusedThere('a', start + minute, 'last')))
  expect(endpoints).toHaveLength(32)
  expect(endpoints.at(-1)?.endpoint).toBe('last')
})
