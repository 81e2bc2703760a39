import { expect, it } from 'vitest'
import { move } from '../moving/move.ts'

it('accounts move to another cluster without a new consent', async () => {
  const { whileRunning, steps, before, after, refreshed, lost, leaks } = await move({
    accounts: 200,
    badEvery: 20,
  })
  const summaryOf = (step: keyof typeof steps) => steps[step].lines.findLast((line) => line.summary)?.summary
  expect(summaryOf('dry')).toEqual({ applied: false, apps: {}, accounts: { new: 190, failed: 10 } })
  expect(summaryOf('imported')).toEqual({ applied: true, apps: {}, accounts: { imported: 190, failed: 10 } })
  expect(steps.imported.code).toBe(1)

  expect(whileRunning.code).toBe(2)
  expect(whileRunning.output).toMatch(
    /1 nodes are running and would use the exported refresh tokens; stop them first/,
  )
  expect(steps.exported.code).toBe(0)
  expect(summaryOf('exported')).toMatchObject({ apps: 1, accounts: 190, skipped: 0, failed: 0 })
  const audits = steps.exported.lines.filter(({ audit }) => audit)
  expect(audits).toMatchObject([
    { audit: 'export.begun', who: expect.stringContaining('@'), recipient: expect.any(String) },
    { audit: 'export.ended', apps: 1, accounts: 190 },
  ])

  expect(summaryOf('dryThere')).toEqual({ applied: false, apps: { new: 1 }, accounts: { new: 190 } })
  expect(summaryOf('importedThere')).toEqual({
    applied: true,
    apps: { imported: 1 },
    accounts: { imported: 190 },
  })
  expect(Object.keys(after)).toHaveLength(190)
  expect(after).toEqual(before)
  expect({ refreshed, lost, leaks }).toEqual({ refreshed: 190, lost: 0, leaks: [] })
})
