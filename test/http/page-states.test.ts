import { expect, it } from 'vitest'
import { accountStates } from '../../machines/index.ts'

it('the page has a label for every account state', async () => {
  const { states } = await import(new URL('../../src/http/page/states.js', import.meta.url).href)
  expect(states).toEqual(accountStates)
})
