import { describe, expect, it } from 'vitest'
import type { App } from '../../src/actors/app-actor.ts'
import { createEnabledApps } from '../../src/actors/enabled-apps.ts'
import { NewerForm } from '../../src/redis/newer-form.ts'
import { StorageUnavailable } from '../../src/redis/storage-unavailable.ts'

function start() {
  let now = 0
  let stored: { enabled?: false } | Error = {}
  const waiting: (() => void)[] = []
  let slow = false
  let looks = 0
  const enabledApps = createEnabledApps({
    timers: { elapsed: () => now },
    apps: {
      async look() {
        looks++
        const found = stored
        if (slow) await new Promise<void>((resolve) => waiting.push(resolve))
        if (found instanceof Error) throw found
        return { config: found } as unknown as App
      },
    },
  })
  return {
    enabledApps,
    looks: () => looks,
    store: (next: typeof stored) => {
      stored = next
    },
    slow: () => {
      slow = true
    },
    answerAll: () => {
      slow = false
      for (const answer of waiting.splice(0)) answer()
    },
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

describe('whether an app is enabled', () => {
  it('is read once, however many ask, and again when it was saved or after a minute', async () => {
    const { enabledApps, looks, pass } = start()
    await Promise.all([enabledApps.markOf('app'), enabledApps.isEnabled('app'), enabledApps.markOf('app')])
    expect(looks()).toBe(1)
    enabledApps.changed('app')
    await enabledApps.markOf('app')
    expect(looks()).toBe(2)
    pass(60_000)
    await enabledApps.markOf('app')
    expect(looks()).toBe(3)
  })

  it('an ordinary save of the app leaves what is cached of its accounts', async () => {
    const { enabledApps } = start()
    const mark = await enabledApps.markOf('app')
    enabledApps.changed('app')
    expect(await enabledApps.markOf('app')).toBe(mark)
    expect(mark).toEqual({ enabled: true })
  })

  it('disabled on this node, what is cached is dropped before anything else runs', async () => {
    const { enabledApps, store } = start()
    const mark = await enabledApps.markOf('app')
    store({ enabled: false })
    enabledApps.changed('app', { fields: { config: '{"enabled":false}' } })
    expect(mark).toEqual({ enabled: false })
    expect(await enabledApps.markOf('app')).toBeNull()
  })

  it('disabled on another node, and enabled again while that is read: what was cached before stays dropped', async () => {
    const { enabledApps, store, slow, answerAll } = start()
    const mark = await enabledApps.markOf('app')
    slow()
    store({ enabled: false })
    enabledApps.changed('app')
    store({})
    enabledApps.changed('app')
    answerAll()
    const after = await enabledApps.markOf('app')
    expect(after).toEqual({ enabled: true })
    expect(mark).toEqual({ enabled: false })
    enabledApps.changed('app', { fields: { config: '{"enabled":false}' } })
    expect(after).toEqual({ enabled: false })
  })

  it('that cannot be read drops what is cached, and is read again by the next who asks', async () => {
    const { enabledApps, store } = start()
    const mark = await enabledApps.markOf('app')
    store(new StorageUnavailable('away'))
    enabledApps.changed('app')
    await expect(enabledApps.markOf('app')).rejects.toThrow()
    expect(mark).toEqual({ enabled: false })
    store({})
    expect(await enabledApps.markOf('app')).toEqual({ enabled: true })
  })

  it('nothing is remembered while changes are missed', async () => {
    const { enabledApps, store } = start()
    const mark = await enabledApps.markOf('app')
    enabledApps.suspend()
    expect(mark).toEqual({ enabled: false })
    expect(await enabledApps.markOf('app')).toEqual({ enabled: false })
    store({ enabled: false })
    expect(await enabledApps.markOf('app')).toBeNull()
    enabledApps.resume()
    store({})
    expect(await enabledApps.markOf('app')).toEqual({ enabled: true })
  })

  it('stays as it was for a node that is too old to read the app', async () => {
    const { enabledApps, store } = start()
    const [ref, read] = [{ kind: 'app', id: 'app' } as const, { version: 1, saveId: null }]
    store(new NewerForm({ ref, read, cause: new Error('newer') }))
    expect(await enabledApps.markOf('app')).toEqual({ enabled: true })
  })
})
