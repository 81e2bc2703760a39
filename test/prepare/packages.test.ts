import { afterEach, beforeEach, expect, it } from 'vitest'
import { bareMachine } from './bare-machine.ts'

let machine: ReturnType<typeof bareMachine>

beforeEach(() => {
  machine = bareMachine()
  machine.withServers()
})
afterEach(() => machine.remove())

const npm = 'record; echo noise; echo noise >&2'

it('npm packages are installed if missing, with an announcement and without npm’s output', () => {
  machine.program('npm', npm)
  machine.withPackages()
  machine.write('node_modules/.tokenbus-lock', 'an older lock')
  expect(machine.prepare()).toEqual({ status: 0, stdout: '', said: ['Installing npm packages …'] })
  expect(machine.calls()).toEqual([expect.stringMatching(/^npm ci /), 'tsc', 'tsc'])
})

it('npm packages are installed again only if package-lock.json changes', () => {
  machine.program('npm', npm)
  machine.withPackages()
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
  machine.write('package-lock.json', '{ "changed": true }')
  expect(machine.prepare()).toMatchObject({ status: 0, said: ['Installing npm packages …'] })
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
  expect(machine.calls().filter((call) => call.startsWith('npm'))).toHaveLength(1)
})

it('npm’s output is shown if it fails, and the last line says what to do', () => {
  machine.program('npm', 'echo npm error network; exit 1')
  const { status, stdout, said } = machine.prepare()
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(said).toContain('npm error network')
  expect(said.at(-1)).toMatch(/^npm ci failed .*; check the network or the npm registry/)
})

it('dist is built, including files that are no TypeScript', () => {
  machine.withPackages()
  machine.write('src/redis/scripts/save.lua', 'return 1')
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
  expect(machine.exists('dist/src/redis/scripts/save.lua')).toBe(true)
  expect(machine.exists('dist/src/main.ts')).toBe(false)
})

it('dist is built without the files of the client package, which are no sources', () => {
  machine.withPackages()
  machine.write('src/client/README.md', '')
  machine.write('src/client/dist/client/index.js', '')
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
  expect(machine.exists('dist/src/client/README.md')).toBe(false)
  expect(machine.exists('dist/src/client/dist')).toBe(false)
  machine.touch('src/client/dist/client/index.js', 60)
  machine.prepare()
  expect(machine.calls().filter((call) => call === 'tsc')).toHaveLength(2)
})

it('dist is built again only if a source was changed, added or removed', () => {
  machine.withPackages()
  for (const path of ['src/main.ts', 'src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    machine.touch(path, -60)
  const builds = () => {
    machine.prepare()
    return machine.calls().includes('tsc')
  }
  expect(builds()).toBe(true)
  expect(builds()).toBe(false)
  machine.touch('src/main.ts', 60)
  expect(builds()).toBe(true)
  machine.touch('src/main.ts', -60)
  expect(builds()).toBe(false)
  machine.write('src/more.ts', '')
  machine.touch('src/more.ts', -60)
  machine.touch('src', 60)
  expect(builds()).toBe(true)
})
