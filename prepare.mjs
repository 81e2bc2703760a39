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
  utimesSync,
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
  const path = (process.env.PATH ?? '').split(delimiter)
  const folders = [
    ...path,
    // Debian keeps servers in sbin, which only root has on the PATH.
    ...(path.some((folder) => folder.endsWith('/sbin')) ? [] : ['/usr/sbin', '/usr/local/sbin']),
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
  say('Installing npm packages …')
  const { ok, output } = run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'])
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

/** How to run a command as root: with nothing, or with sudo, which may ask for a password where somebody can answer. */
function asRoot(names, byHand) {
  if (process.getuid() === 0) return []
  if (!onPath('sudo'))
    giveUp(`${names} must be installed, this is not root and sudo is not here; have root run: ${byHand}`)
  if (run('sudo', ['-n', 'true']).ok) return ['sudo', '-n']
  if (process.stdin.isTTY) {
    say(`${names} must be installed, which takes your password for sudo.`)
    if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0) return ['sudo']
  }
  giveUp(`${names} must be installed, and sudo does not let us; have root run: ${byHand}`)
}

function installByApt(missing, names) {
  const packages = missing.map(({ apt }) => apt)
  const byHand = `apt-get install ${packages.join(' ')}`
  const root = asRoot(names, byHand)
  const rootRuns = (...command) => {
    const [first, ...rest] = [...root, ...command]
    return run(first, rest)
  }
  say(`Installing ${names} with apt-get …`)
  // tokenbus runs these servers itself, but the packages also bring system services nobody asked for, on the very ports.
  // Without systemd, init scripts are not run in single-user mode, which RUNLEVEL=1 claims for this call only. With it,
  // the services start, and are switched off again: they were not there a minute ago. Nothing else is touched; a
  // policy-rc.d of our own would be, and would stay behind if we were killed.
  const apt = (...args) => rootRuns('env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', ...args)
  const updated = apt('update')
  const { ok, output } = apt('install', '-y', '--no-install-recommends', ...packages)
  if (!ok) {
    const said = `${updated.output}\n${output}`
    const [, reason = 'no reason given'] =
      /^[EW]: (Failed to fetch .*?)[.\s]*$/m.exec(said) ?? /^E: (.*?)[.\s]*$/m.exec(said) ?? []
    giveUp(`apt-get could not install ${names} (${reason}); check the network, or have root run: ${byHand}`)
  }
  if (existsSync('/run/systemd/system')) rootRuns('systemctl', 'disable', '--now', ...packages)
}

function installByBrew(missing, names) {
  say(`Installing ${names} with Homebrew …`)
  const packages = missing.map(({ brew }) => brew)
  const { ok, output } = run('brew', ['install', ...packages])
  if (ok) return
  const [, reason = 'no reason given'] = /^Error: (.*?)[.\s]*$/m.exec(output) ?? []
  giveUp(`Homebrew could not install ${names} (${reason}); run: brew install ${packages.join(' ')}`)
}

/** Everything the compiler reads; the build is repeated only when one of it is newer than the last one. */
function newestSource() {
  const { include } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8'))
  const folders = include.filter((folder) => existsSync(folder))
  const files = folders.flatMap((folder) => [
    folder,
    ...readdirSync(folder, { recursive: true }).map((file) => join(folder, file)),
  ])
  return Math.max(
    ...[...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map(
      (file) => statSync(file).mtimeMs,
    ),
  )
}

function build({ afresh }) {
  const stamp = 'dist/.built'
  // Of a source that is gone, nothing stays behind to be shipped.
  if (afresh) rmSync('dist', { recursive: true, force: true })
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return
  const begun = new Date()
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
    const source = join('src', file)
    if (!file.endsWith('.ts') && statSync(source).isFile()) cpSync(source, join('dist/src', file))
  }
  chmodSync('dist/src/main.js', 0o755)
  // What is saved while the compiler runs is newer than this.
  writeFileSync(stamp, '')
  utimesSync(stamp, begun, begun)
}

// `node prepare.mjs build` does that alone, for packages and images.
const afresh = process.argv[2] === 'build'
checkNode()
if (!afresh) {
  installServers()
  installPackages()
}
build({ afresh })
