import { expect, it } from 'vitest'
import { startTokenApi } from '../../src/admin/token-api.ts'
import type { StoredSwitch } from '../../src/redis/token-api-switch.ts'

it('a read that began before the switch was changed does not restore the old value', async () => {
  let stored: StoredSwitch | null = null
  let answer: (() => void) | undefined
  const api = await startTokenApi({
    store: {
      read: async () => {
        const found = stored
        if (answer === undefined) return found
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        return found
      },
      write: async (decision) => {
        stored = decision
      },
    },
    decided: undefined,
    clock: { now: () => 1 },
    logger: { debug() {}, warn() {} },
  })
  answer = () => {}
  const begun = api.state()
  await api.turn({ enabled: true, by: 'admin' })
  answer()
  await begun
  expect(api.enabled()).toBe(true)
  await api.stop()
})
