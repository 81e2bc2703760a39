import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { giveUp, run, say } from './run.mjs'

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

const servers = [
  {
    name: 'nats-server',
    variable: 'NATS_SERVER',
    url: 'TOKENBUS_NATS_URL',
    commands: ['nats-server'],
    apt: 'nats-server',
    brew: 'nats-server',
  },
  {
    name: 'redis-server',
    variable: 'REDIS_SERVER',
    url: 'TOKENBUS_REDIS_URL',
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

function neededServers(purpose) {
  if (purpose === 'servers') return servers
  return purpose === 'dev' ? servers.filter(({ url }) => !process.env[url]) : []
}

/** Installs those of the servers that are needed and not there. */
export async function installServers(purpose) {
  const needed = neededServers(purpose)
  const missing = needed.filter((server) => find(server) === undefined)
  for (const { name, variable } of missing) {
    if (process.env[variable])
      giveUp(`${variable} names ${process.env[variable]}, which is not there; correct or unset it (${name}).`)
  }
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' and ')
    const them = missing.length > 1 ? 'servers' : 'a server'
    const orUrls =
      purpose === 'dev' ? `, or set ${missing.map(({ url }) => url).join(' and ')} to ${them} of yours` : ''
    if (onPath('apt-get')) await installByApt({ missing, names, orUrls })
    else if (onPath('brew')) await installByBrew({ missing, names, orUrls })
    else
      giveUp(`${names} must be installed, and neither apt-get nor brew is here; install ${names}${orUrls}.`)
  }
  for (const server of needed) {
    const path = find(server)
    if (path === undefined)
      giveUp(`${server.name} is still missing after its installation; install it by hand.`)
    if (!(await run(path, ['--version'])).ok)
      giveUp(`${path} is there but does not run (${server.name} --version fails); reinstall it.`)
  }
}

/** How to run a command as root: with nothing, or with sudo, which may ask for a password where somebody can answer. */
async function asRoot({ names, byHand }) {
  if (process.getuid() === 0) return []
  if (!onPath('sudo')) giveUp(`${names} must be installed, this is not root and sudo is not here; ${byHand}.`)
  if ((await run('sudo', ['-n', 'true'])).ok) return ['sudo', '-n']
  if (process.stdin.isTTY) {
    say(`${names} must be installed, which takes your password for sudo.`)
    if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0) return ['sudo']
  }
  giveUp(`${names} must be installed, and sudo does not let us; ${byHand}.`)
}

async function installByApt({ missing, names, orUrls }) {
  const packages = missing.map(({ apt }) => apt)
  const byHand = `have root run: apt-get install ${packages.join(' ')}${orUrls}`
  const root = await asRoot({ names, byHand })
  const rootRuns = (...command) => {
    const [first, ...rest] = [...root, ...command]
    return run(first, rest)
  }
  say(`Installing ${names} with apt-get …`)
  // tokenbus runs these servers itself, but the packages also bring system services nobody asked for, on the very ports.
  // Without systemd, init scripts are not run in single-user mode, which RUNLEVEL=1 claims for this call only. With it,
  // the services start, and are switched off again: they were not there a minute ago. Nothing else is touched; a
  // policy-rc.d of our own would be, and would stay behind if we were killed.
  const setting = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']
  const apt = (...args) => rootRuns(...setting, 'apt-get', '-o', 'DPkg::Lock::Timeout=60', ...args)
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages)
  const updated = await apt('update')
  let installed = await install()
  if (!installed.ok && installed.output.includes('dpkg --configure -a')) {
    // An earlier installation was cut off.
    await rootRuns(...setting, 'dpkg', '--configure', '-a')
    installed = await install()
  }
  if (!installed.ok) {
    const said = `${updated.output}\n${installed.output}`
    const [, reason = 'no reason given'] =
      /^[EW]: (Failed to fetch .*?)[.\s]*$/m.exec(said) ?? /^E: (.*?)[.\s]*$/m.exec(said) ?? []
    giveUp(`apt-get could not install ${names} (${reason}); check the network, or ${byHand}.`)
  }
  if (existsSync('/run/systemd/system')) await rootRuns('systemctl', 'disable', '--now', ...packages)
}

async function installByBrew({ missing, names, orUrls }) {
  say(`Installing ${names} with Homebrew …`)
  const packages = missing.map(({ brew }) => brew)
  const { ok, output } = await run('brew', ['install', ...packages])
  if (ok) return
  const [, reason = 'no reason given'] = /^Error: (.*?)[.\s]*$/m.exec(output) ?? []
  giveUp(`Homebrew could not install ${names} (${reason}); run: brew install ${packages.join(' ')}${orUrls}.`)
}
