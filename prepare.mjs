// `node prepare.mjs [dev|servers|build]` installs npm packages and builds; `dev` also installs the servers whose URLs
// are not set, `servers` both whatever is set, `build` builds afresh and does nothing else.
// Runs before anything is installed, so it uses nothing but Node. Silent when there is nothing to do.
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rewriteDeclarations } from './prepare/declarations.mjs'
import { giveUp, leaveWhenInterrupted, run, say } from './prepare/run.mjs'
import { installServers } from './prepare/servers.mjs'

process.chdir(fileURLToPath(new URL('.', import.meta.url)))
const purpose = process.argv[2]
/** The npm workspace `@tokenbus/client`, with a build of its own. */
const client = join('src', 'client')

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  giveUp(`tokenbus needs Node 20.19 or newer, and this is ${process.versions.node}; install a newer Node.`)
}

async function installPackages() {
  const stamp = 'node_modules/.tokenbus-lock'
  const lock = readFileSync('package-lock.json', 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say('Installing npm packages …')
  // npm empties the folder first, in no order: interrupted, it must not look complete.
  rmSync(stamp, { force: true })
  const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const { ok, output } = await run('npm', ['ci', ...quietly], { endsWithUs: true })
  if (!ok) {
    say(output)
    giveUp('npm ci failed (its output is above); check the network or the npm registry, and start again.')
  }
  writeFileSync(stamp, lock)
}

/** Everything the compiler reads; the build is repeated only when one of it is newer than the last one. */
function newestSource() {
  const { include } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8'))
  const folders = include.filter((folder) => existsSync(folder))
  const files = folders.flatMap((folder) => [
    folder,
    ...readdirSync(folder, { recursive: true })
      .map((file) => join(folder, file))
      .filter((file) => !file.startsWith(join(client, 'dist'))),
  ])
  return Math.max(
    ...[...files, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map(
      (file) => statSync(file).mtimeMs,
    ),
  )
}

async function compile(project) {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', project]
  const { ok, output } = await run(process.execPath, tsc, { endsWithUs: true })
  if (ok) return
  say(output)
  giveUp('The build failed (the compiler says why above).')
}

async function build({ afresh }) {
  const stamp = 'dist/.built'
  // Of a source that is gone, nothing stays behind to be shipped.
  if (afresh)
    for (const folder of ['dist', join(client, 'dist')]) rmSync(folder, { recursive: true, force: true })
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource()) return
  const begun = new Date()
  await compile('tsconfig.build.json')
  await compile(join(client, 'tsconfig.json'))
  for (const folder of ['dist', join(client, 'dist')]) rewriteDeclarations(folder)
  for (const file of readdirSync('src', { recursive: true })) {
    const source = join('src', file)
    if (source.startsWith(client) || file.endsWith('.ts') || !statSync(source).isFile()) continue
    cpSync(source, join('dist/src', file))
  }
  chmodSync('dist/src/bin.js', 0o755)
  // What is saved while the compiler runs is newer than this.
  writeFileSync(stamp, '')
  utimesSync(stamp, begun, begun)
}

checkNode()
leaveWhenInterrupted()
if (purpose !== 'build') {
  await installServers(purpose)
  await installPackages()
}
await build({ afresh: purpose === 'build' })
