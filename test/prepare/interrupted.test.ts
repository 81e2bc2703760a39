import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { bareMachine } from './bare-machine.ts'

let machine: ReturnType<typeof bareMachine>

beforeEach(() => {
  machine = bareMachine()
})
afterEach(() => machine.remove())

/** Takes a minute, and does not care about Ctrl-C. Its output stays open for as long as it runs. */
const stubborn = "trap '' INT TERM; record; /bin/sleep 60"
const begun = (call: string) =>
  eventually(() => expect(machine.peek()).toContainEqual(expect.stringContaining(call)))

it.each([
  ['a Ctrl-C', 'interrupt'],
  ['a signal that ends only npm’s shell', 'endShell'],
] as const)(
  '%s ends npm with its child processes, and the next start installs again',
  async (_, end) => {
    machine.withServers()
    machine.withPackages()
    machine.write('node_modules/.tokenbus-lock', 'an older lock')
    machine.program('npm', stubborn)
    const preparing = machine.startPreparing()
    await begun('npm ci')
    preparing[end]()
    await preparing.ended
    expect(machine.calls()).not.toContain('tsc')

    machine.write('package-lock.json', 'an older lock')
    machine.program('npm', 'record')
    expect(machine.prepare()).toMatchObject({ status: 0, said: ['Installing npm packages …'] })
    expect(machine.calls()).toEqual([expect.stringMatching(/^npm ci /), 'tsc', 'tsc'])
  },
  30_000,
)

it('Ctrl-C ends the build, which the next start repeats', async () => {
  machine.withServers()
  machine.withPackages()
  machine.write(
    'node_modules/typescript/bin/tsc',
    `require('node:child_process').spawnSync('npm', { stdio: 'inherit' })`,
  )
  machine.program('npm', stubborn)
  const preparing = machine.startPreparing()
  await begun('npm')
  preparing.interrupt()
  await preparing.ended

  machine.withPackages()
  machine.calls()
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
  expect(machine.calls()).toEqual(['tsc', 'tsc'])
})

it('Ctrl-C waits for a running package manager, and starts nothing else', async () => {
  machine.withPackages()
  machine.program('sudo', '[ "$1" = -n ] && shift; "$@"')
  machine.program('env', '/usr/bin/env "$@"')
  machine.program(
    'apt-get',
    `trap '' INT; record; until [ -e "$BIN/go-on" ]; do /bin/sleep 0.05; done; call='apt-get ended'; record`,
  )
  const preparing = machine.startPreparing()
  await begun('apt-get')
  preparing.interrupt()
  await eventually(() => expect(preparing.said()).toContain('Waiting for the package manager to end'))
  machine.program('go-on')
  await preparing.ended
  expect(machine.calls()).toEqual([expect.stringContaining('update'), 'apt-get ended'])
})
