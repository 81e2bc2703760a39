// `npm run changeset -- [what]`: changesets knows the packages that are workspaces, and the root is none of npm's.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const change = (make, file = 'package.json') => writeFileSync(file, make(readFileSync(file, 'utf8')))
const versionNow = () => JSON.parse(readFileSync('package.json', 'utf8')).version
const withVersion = ['src/common/version.ts', 'deploy/kubernetes/tokenbus.yaml', 'docs/asyncapi.json']
const before = versionNow()
const onlyClient = /("workspaces": \[\n)(\s*)"src\/client"/
const withRoot = /("workspaces": \[\n)(\s*)"\.",\n\s*"src\/client"/

change((text) => text.replace(onlyClient, '$1$2".",\n$2"src/client"'))
const { status } = spawnSync('npx', ['--yes', '@changesets/cli@2.31.1', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
change((text) => text.replace(withRoot, '$1$2"src/client"'))
if (process.argv[2] === 'version') {
  for (const file of withVersion) change((text) => text.replaceAll(before, versionNow()), file)
  spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { stdio: 'inherit' })
}
process.exitCode = status ?? 1
