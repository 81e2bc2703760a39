import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openAudit } from '../../src/node/open-audit.ts'
import { eventually } from '../support/eventually.ts'

const logger = pino({ level: 'silent' })
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-audit-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const accountsIn = async (path: string) =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).account)

function heard() {
  const lines: string[] = []
  return { lines, stderr: { write: (text: string) => lines.push(text) > 0 } }
}

it('reads are audited to a file of their own, which is opened anew once it was moved away', async () => {
  const path = join(directory, 'audit.log')
  const { lines, stderr } = heard()
  const audit = await openAudit({ target: { to: 'file', path }, stderr, logger })
  audit.tokenRead('mailer', 'before')
  await eventually(async () => expect(await accountsIn(path)).toEqual(['before']))
  await rename(path, `${path}.1`)
  audit.reopen()
  await eventually(() => stat(path))
  audit.tokenRead('mailer', 'after')
  await audit.close()
  expect(await accountsIn(path)).toEqual(['after'])
  expect(await accountsIn(`${path}.1`)).toEqual(['before'])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(lines).toEqual([])
})

it('nothing is audited where that is off, and all of it to stderr by default', async () => {
  for (const [to, expected] of [
    ['off', 0],
    ['stderr', 1],
  ] as const) {
    const { lines, stderr } = heard()
    const audit = await openAudit({ target: { to }, stderr, logger })
    audit.tokenRead('mailer', 'alice')
    await audit.close()
    expect(lines.length).toBe(expected)
  }
})

it('a disk that takes no lines is bounded in memory, and logged', async () => {
  const said: object[] = []
  const audit = await openAudit({
    target: { to: 'file', path: '/dev/full' },
    stderr: heard().stderr,
    logger: { error: (line: object) => said.push(line) } as never,
  })
  audit.tokenRead('mailer', 'alice')
  await eventually(() => expect(said).toMatchObject([{ path: '/dev/full', code: 'ENOSPC' }]))
  await audit.close()
})

it('a file that cannot be opened is a start that fails, with the variable named', async () => {
  const path = join(directory, 'missing', 'audit.log')
  await expect(openAudit({ target: { to: 'file', path }, stderr: heard().stderr, logger })).rejects.toThrow(
    `TOKENBUS_AUDIT names the file ${path}, which cannot be opened (ENOENT).`,
  )
})
