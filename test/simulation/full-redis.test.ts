import { expect, it } from 'vitest'
import { setStage } from './stage.ts'

it('while Redis rejects writes, a rejected token is not returned to the caller who rejected it, and still served to others', async () => {
  const stage = await setStage()
  const { redis, world } = stage
  await stage.connect('alice', { fresh: true })
  await stage.get(0, 'alice')
  redis.refuseWrites(true)
  const report = stage.at(0).rejectToken('alice', { generation: 1 })
  const others: Promise<unknown>[] = []
  for (let i = 0; i < 200; i++) world.after(i / 20, () => void others.push(stage.at(0).getToken('alice', {})))
  expect(await stage.wait(report)).toMatchObject({ failure: { error: 'storage_unavailable' } })
  expect(await Promise.all(others)).toContainEqual(expect.objectContaining({ ok: true }))
})
