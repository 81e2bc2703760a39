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

it('token reads are written to the audit file, which is reopened after a rotation', async () => {
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

it('audit lines are written to stderr by default, and can be turned off', async () => {
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

it('audit lines that cannot be written are bounded in memory, and the failure is logged', async () => {
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

it('an audit file that cannot be opened fails the start, naming the variable', async () => {
  const path = join(directory, 'missing', 'audit.log')
  await expect(openAudit({ target: { to: 'file', path }, stderr: heard().stderr, logger })).rejects.toThrow(
    `TOKENBUS_AUDIT names the file ${path}, which cannot be opened (ENOENT).`,
  )
})
