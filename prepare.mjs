// Runs before anything is installed, so it uses nothing but Node. Silent when there is nothing to do.
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'

const root = import.meta.dirname ?? new URL('.', import.meta.url).pathname
process.chdir(root)

/** Prints one sentence that says what to do, and ends. */
function giveUp(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

const say = (line) => process.stderr.write(`${line}\n`)

/** Runs quietly; its output is shown only when it fails. */
function run(command, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  })
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error ? error.message : ''}` }
}

function onPath(name) {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/opt/homebrew/bin',
  ]
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  giveUp(`tokenbus needs Node 20.19 or newer, and this is ${process.versions.node}; install a newer Node.`)
}

function installPackages() {
  const stamp = 'node_modules/.tokenbus-lock'
  const lock = readFileSync('package-lock.json', 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  if (existsSync('node_modules/.package-lock.json') && !existsSync(stamp))
    rmSync('node_modules', { recursive: true })
  say('Installing npm packages …')
  const { ok, output } = run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
  if (!ok) {
    say(output)
    giveUp('npm ci failed (its output is above); check the network or the npm registry, and start again.')
  }
  writeFileSync(stamp, lock)
}

const servers = [
  {
    name: 'nats-server',
    variable: 'NATS_SERVER',
    commands: ['nats-server'],
    apt: 'nats-server',
    brew: 'nats-server',
  },
  {
    name: 'redis-server',
    variable: 'REDIS_SERVER',
    commands: ['redis-server', 'valkey-server'],
    apt: 'redis-server',
    brew: 'redis',
  },
]

function find({ variable, commands }) {
  const named = process.env[variable]
  return named
    ? (onPath(named) ?? (existsSync(named) ? named : undefined))
    : commands.map(onPath).find(Boolean)
}

function installServers() {
  const missing = servers.filter((server) => find(server) === undefined)
  for (const { name, variable } of missing) {
    if (process.env[variable])
      giveUp(`${variable} names ${process.env[variable]}, which is not there; correct or unset it (${name}).`)
  }
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' and ')
    if (onPath('apt-get')) installByApt(missing, names)
    else if (onPath('brew')) installByBrew(missing, names)
    else
      giveUp(
        `${names} ${missing.length > 1 ? 'are' : 'is'} missing and neither apt-get nor brew is here; install ${names}.`,
      )
  }
  for (const server of servers) {
    const path = find(server)
    if (path === undefined)
      giveUp(`${server.name} is still missing after its installation; install it by hand.`)
    if (!run(path, ['--version']).ok)
      giveUp(`${path} is there but does not run (${server.name} --version fails); reinstall it.`)
  }
}

function installByApt(missing, names) {
  const packages = missing.map(({ apt }) => apt)
  const sudo = process.getuid() === 0 ? [] : ['sudo']
  if (sudo.length > 0 && !onPath('sudo')) {
    giveUp(
      `${names} must be installed and this is neither root nor is sudo here; have root run: apt-get install ${packages.join(' ')}`,
    )
  }
  say(`Installing ${names} with apt-get …`)
  const apt = (args) => {
    const [command, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]
    return run(command, rest)
  }
  apt(['update'])
  const { ok, output } = apt(['install', '-y', '--no-install-recommends', ...packages])
  if (!ok) {
    say(output)
    giveUp(
      `apt-get could not install ${names} (its output is above); install ${packages.join(' ')} by hand and start again.`,
    )
  }
  // tokenbus runs these programs itself. The packages also bring system services nobody asked for; on a machine that
  // had none a minute ago, they are switched off again.
  if (existsSync('/run/systemd/system')) {
    const [command, ...rest] = [...sudo, 'systemctl', 'disable', '--now', ...packages]
    run(command, rest)
  }
}

function installByBrew(missing, names) {
  say(`Installing ${names} with Homebrew …`)
  const { ok, output } = run('brew', ['install', ...missing.map(({ brew }) => brew)])
  if (ok) return
  say(output)
  giveUp(`Homebrew could not install ${names} (its output is above); install them by hand and start again.`)
}

/** Everything the compiler reads; the build is repeated only when one of it is newer than the last one. */
function newestSource() {
  const folders = ['src', 'machines', 'test/bench', 'test/support', 'test/simulation'].filter((folder) =>
    existsSync(folder),
  )
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((file) => join(folder, file)),
  )
  return Math.max(
    ...[...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map(
      (file) => statSync(file).mtimeMs,
    ),
  )
}

function build() {
  const stamp = 'dist/.built'
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return
  const { ok, output } = run(process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.build.json',
  ])
  if (!ok) {
    say(output)
    giveUp('The build failed (the compiler says why above).')
  }
  for (const file of readdirSync('src', { recursive: true })) {
    if (/\.(lua|html|css|js|svg)$/.test(file)) cpSync(join('src', file), join('dist/src', file))
  }
  chmodSync('dist/src/main.js', 0o755)
  writeFileSync(stamp, '')
}

checkNode()
installPackages()
installServers()
build()
