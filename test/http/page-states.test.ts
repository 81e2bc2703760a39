import { expect, it } from 'vitest'
import { accountStates } from '../../machines/index.ts'

it('the page shows the states that accounts have', async () => {
  const { states } = await import(new URL('../../src/http/page/states.js', import.meta.url).href)
  expect(states).toEqual(accountStates)
})
