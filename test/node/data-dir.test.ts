import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dataDirFailure, prepareDataDir } from '../../src/node/data-dir.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenbus-data-dir-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const prepare = (dataDir: string, mode: 'dev' | 'serve' = 'dev') =>
  prepareDataDir({ dataDir, mode, logger: pino({ level: 'silent' }) })
const remedy = 'or set TOKENBUS_DATA_DIR to another directory.'

it('is created with its parents, and contains only the spool', async () => {
  const dataDir = join(folder, 'a/b')
  await prepare(dataDir)
  await prepare(dataDir)
  expect(await readdir(dataDir)).toEqual(['spool'])
  expect(await readdir(join(dataDir, 'spool'))).toEqual([])
})

it.each(['dev', 'serve'] as const)(
  '%s does not start if the path is a file, or cannot be created',
  async (mode) => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    for (const dataDir of [file, join(file, 'below')])
      await expect(prepare(dataDir, mode)).rejects.toThrow(
        /^The data directory .* is not a directory; correct that, or set/,
      )
    await expect(prepare('/dev/null/below', mode)).rejects.toThrow('is not a directory')
  },
)

it.skipIf(process.platform !== 'linux')('serve does not start below /proc', async () => {
  await expect(prepare('/proc/tokenbus')).rejects.toThrow(
    `The data directory /proc/tokenbus cannot be made; correct that, ${remedy}`,
  )
})

it('dev refuses a directory of another program; serve adds its spool', async () => {
  await writeFile(join(folder, 'dump.rdb'), '')
  await expect(prepare(folder)).rejects.toThrow(
    `The data directory ${folder} contains files that are not of tokenbus dev (dump.rdb); set TOKENBUS_DATA_DIR to an empty or a new directory.`,
  )
  expect(await readdir(folder)).toEqual(['dump.rdb'])
  await prepare(folder, 'serve')
})

it('dev reuses its own directory, also after an interrupted first start or with other folders in it', async () => {
  for (const name of ['nats', 'lost+found']) await mkdir(join(folder, name))
  for (const name of ['keys', 'keys.part', 'nats.log', 'nats.pid']) await writeFile(join(folder, name), '')
  await prepare(folder)
  await writeFile(join(folder, 'dev.json'), '{}')
  await mkdir(join(folder, 'second node'))
  await prepare(folder)
})

it.each([
  [{ code: 'ENOSPC', syscall: 'write' }, 'is on a disk that is full; make room,'],
  [{ code: 'EDQUOT', syscall: 'write' }, 'is on a disk that is full; make room,'],
  [
    { code: 'EACCES', syscall: 'open', path: '/data/nats/dev.conf' },
    '(/data/nats/dev.conf) may not be written by this user; correct that,',
  ],
  [
    { code: 'EROFS', syscall: 'mkdir', path: '/data' },
    'is on a file system that is read-only; correct that,',
  ],
  [{ code: 'EIO', syscall: 'read', path: '/data' }, 'cannot be used (EIO); correct that,'],
])('%o is reported in one sentence', (fields, why) => {
  const failure = dataDirFailure(Object.assign(new Error('no'), fields), '/data')
  expect(failure?.message).toBe(`The data directory /data ${why} ${remedy}`)
})

it.each([
  [{ code: 'ENOENT', syscall: 'open', path: '/usr/lib/tokenbus/nats.conf' }],
  [{ code: 'ECONNREFUSED', syscall: 'connect' }],
  [{}],
])('%o is not reported as its failure', (fields) => {
  expect(dataDirFailure(Object.assign(new Error('no'), fields), '/data')).toBeUndefined()
})
