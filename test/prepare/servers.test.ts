import { afterEach, beforeEach, expect, it } from 'vitest'
import { bareMachine } from './bare-machine.ts'

let machine: ReturnType<typeof bareMachine>

beforeEach(() => {
  machine = bareMachine()
  machine.withPackages()
})
afterEach(() => machine.remove())

const aptByHand = 'have root run: apt-get install nats-server redis-server'
const byHand = `${aptByHand}, or set TOKENBUS_NATS_URL and TOKENBUS_REDIS_URL to servers of yours.`
const missing = 'nats-server and redis-server must be installed'
const sudo = '[ "$1" = -n ] && shift; "$@"'
const aptThatInstalls = `call="$call\${RUNLEVEL:+, run level $RUNLEVEL}"; record
  case " $* " in *' install '*) for name in nats-server redis-server; do
    echo '#!/bin/sh' >"$BIN/$name"; /bin/chmod +x "$BIN/$name"
  done; esac
  echo noise; echo noise >&2`

it('installed servers are used without output', () => {
  machine.withServers()
  for (const name of ['apt-get', 'sudo', 'brew', 'npm']) machine.program(name)
  expect(machine.prepare()).toEqual({ status: 0, stdout: '', said: [] })
  expect(machine.calls()).toEqual(['tsc', 'tsc'])
})

it('Valkey is accepted as Redis', () => {
  machine.program('nats-server', 'exit 0')
  machine.program('valkey-server', 'exit 0')
  expect(machine.prepare()).toMatchObject({ status: 0, said: [] })
})

it.each([
  ['a NATS URL is set', { TOKENBUS_NATS_URL: 'nats://far' }, ['redis-server']],
  ['a Redis URL is set', { TOKENBUS_REDIS_URL: 'redis://far' }, ['nats-server']],
  ['both are', { TOKENBUS_NATS_URL: 'nats://far', TOKENBUS_REDIS_URL: 'redis://far' }, []],
  [
    'both are set, but empty',
    { TOKENBUS_NATS_URL: '', TOKENBUS_REDIS_URL: '' },
    ['nats-server', 'redis-server'],
  ],
] as const)('for npm start, if %s, only the others are installed', (_, env, installed) => {
  machine.program('sudo', sudo)
  machine.program('env', '/usr/bin/env "$@"')
  machine.program('apt-get', aptThatInstalls)
  expect(machine.prepare(env)).toMatchObject({ status: 0 })
  const calls = machine.calls().filter((call) => call.includes(' install '))
  expect(calls).toEqual(
    installed.length === 0 ? [] : [expect.stringContaining(`recommends ${installed.join(' ')},`)],
  )
})

it('for npm test both are installed, whatever URLs are set', () => {
  const env = { TOKENBUS_NATS_URL: 'nats://far', TOKENBUS_REDIS_URL: 'redis://far' }
  machine.program('apt-get')
  expect(machine.prepare(env, 'servers')).toMatchObject({
    status: 1,
    said: [`${missing}, this is not root and sudo is not here; ${aptByHand}.`],
  })
})

it('for the command line none is installed', () => {
  expect(machine.prepare({}, '')).toMatchObject({ status: 0, said: [] })
})

it('an interrupted installation is completed first', () => {
  machine.program('sudo', sudo)
  machine.program('env', '/usr/bin/env "$@"')
  machine.program('dpkg', 'record; >"$BIN/configured"')
  machine.program(
    'apt-get',
    `shift 2; [ "$1" = update ] || [ -e "$BIN/configured" ] || {
       echo "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a' to correct the problem." >&2; exit 100
     }
     ${aptThatInstalls}`,
  )
  expect(machine.prepare()).toMatchObject({ status: 0 })
  expect(machine.calls()).toContain('dpkg --configure -a')
})

it('apt-get installs what is missing, with an announcement and without its output', () => {
  machine.program('sudo', sudo)
  machine.program('env', '/usr/bin/env "$@"')
  machine.program('apt-get', aptThatInstalls)
  expect(machine.prepare()).toEqual({
    status: 0,
    stdout: '',
    said: ['Installing nats-server and redis-server with apt-get …'],
  })
  expect(machine.calls()).toEqual([
    'apt-get -o DPkg::Lock::Timeout=60 update, run level 1',
    'apt-get -o DPkg::Lock::Timeout=60 install -y --no-install-recommends nats-server redis-server, run level 1',
    'tsc',
    'tsc',
  ])
})

it('only what is missing is installed', () => {
  machine.program('nats-server', 'exit 0')
  machine.program('sudo', sudo)
  machine.program('env', '/usr/bin/env "$@"')
  machine.program('apt-get', aptThatInstalls)
  expect(machine.prepare()).toMatchObject({
    status: 0,
    said: ['Installing redis-server with apt-get …'],
  })
  expect(machine.calls()).toContain(
    'apt-get -o DPkg::Lock::Timeout=60 install -y --no-install-recommends redis-server, run level 1',
  )
})

it('Homebrew installs what is missing without apt-get', () => {
  machine.program('brew', aptThatInstalls)
  expect(machine.prepare()).toMatchObject({
    status: 0,
    said: ['Installing nats-server and redis-server with Homebrew …'],
  })
  expect(machine.calls()).toEqual(['brew install nats-server redis', 'tsc', 'tsc'])
})

it.each([
  [
    'there is no package manager',
    {},
    `${missing}, and neither apt-get nor brew is here; install nats-server and redis-server, or set TOKENBUS_NATS_URL and TOKENBUS_REDIS_URL to servers of yours.`,
  ],
  [
    'the user is not root, and there is no sudo',
    { 'apt-get': 'record' },
    `${missing}, this is not root and sudo is not here; ${byHand}`,
  ],
  [
    'sudo requires a password without a terminal',
    { 'apt-get': 'record', sudo: 'exit 1' },
    `${missing}, and sudo does not let us; ${byHand}`,
  ],
] as const)('one sentence is printed if %s', (_, programs, sentence) => {
  for (const [name, body] of Object.entries(programs)) machine.program(name, body)
  expect(machine.prepare()).toEqual({ status: 1, stdout: '', said: [sentence] })
  expect(machine.calls()).toEqual([])
})

it('one sentence with apt-get’s reason is printed if the download fails', () => {
  machine.program('sudo', sudo)
  machine.program('env', '/usr/bin/env "$@"')
  machine.program(
    'apt-get',
    `shift 2; [ "$1" = update ] && echo "W: Failed to fetch http://deb.example/InRelease  Could not resolve 'deb.example'" >&2 && exit 0
     echo 'E: Unable to locate package nats-server' >&2; exit 100`,
  )
  expect(machine.prepare()).toMatchObject({
    status: 1,
    said: [
      expect.stringContaining('Installing'),
      "apt-get could not install nats-server and redis-server (Failed to fetch http://deb.example/InRelease  Could not resolve 'deb.example'); check the network, or " +
        byHand,
    ],
  })
})

it.each(['exit 1', 'kill -SEGV $$'])('one sentence is printed if a server does not run (%s)', (body) => {
  machine.withServers()
  machine.program('nats-server', body)
  const { status, said } = machine.prepare()
  expect(status).toBe(1)
  expect(said).toEqual([expect.stringMatching(/nats-server is there but does not run .*; reinstall it\.$/)])
})

it('one sentence is printed if a variable names a missing server', () => {
  machine.withServers()
  expect(machine.prepare({ NATS_SERVER: '/nowhere/nats-server' })).toMatchObject({
    status: 1,
    said: ['NATS_SERVER names /nowhere/nats-server, which is not there; correct or unset it (nats-server).'],
  })
})

it('a server named by a variable is used, and nothing is installed', () => {
  machine.program('my-nats', 'exit 0')
  machine.program('redis-server', 'exit 0')
  expect(machine.prepare({ NATS_SERVER: 'my-nats' })).toMatchObject({ status: 0, said: [] })
})
