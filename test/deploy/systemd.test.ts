import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const unit = readFileSync(new URL('../../deploy/systemd/tokenbus.service', import.meta.url), 'utf8')
const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' })

it('the unit lets refreshes finish, and reads secrets from files that only root can read', () => {
  expect(unit).toMatch(/^TimeoutStopSec=90$/m)
  const credentials = [...unit.matchAll(/^LoadCredential=([a-z-]+):/gm)].map(([, name]) => name)
  const read = [...unit.matchAll(/=file:%d\/([a-z-]+)$/gm)].map(([, name]) => name)
  expect(read).toEqual(credentials)
  expect(read).toEqual(['keys', 'nats-url', 'redis-url'])
})

describe.skipIf(analyze('--version').status !== 0)('systemd-analyze', () => {
  let folder: string
  let file: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tokenbus-unit-'))
    file = join(folder, 'tokenbus.service')
    // What is checked of the command is that its program is there; here, the one we run on.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('finds no error in the unit', () => {
    const { status, stderr } = analyze('verify', '--man=no', file)
    expect(stderr.split('\n').filter((line) => line.includes('tokenbus'))).toEqual([])
    expect(status).toBe(0)
  })

  it('rates the unit’s exposure as low', () => {
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=20', file)
    expect({ status, said: stdout.split('\n').at(-2) }).toMatchObject({ status: 0 })
  })
})
