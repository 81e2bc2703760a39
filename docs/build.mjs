// `node docs/build.mjs site|report|check`: the API's documentation into dist/site, the reports of the public surface into
// docs/api, or whether these are of today. Reads dist/, and installs its own tools first.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPrivatePackage } from '../prepare/private-package.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

const entryPoints = {
  client: 'dist/src/client/index.d.ts',
  server: 'dist/src/server.d.ts',
  machines: 'dist/machines/index.d.ts',
  testing: 'dist/src/testing/index.d.ts',
}

async function buildSite() {
  const { Application } = await import('typedoc')
  const app = await Application.bootstrap({
    name: 'tokenbus',
    entryPoints: Object.values(entryPoints).map((file) => join(root, file)),
    tsconfig: join(folder, 'tsconfig.json'),
    out: join(root, 'dist/site'),
    readme: 'none',
    excludeExternals: true,
    validation: { notDocumented: true, invalidLink: true, notExported: false },
    requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable'],
    treatValidationWarningsAsErrors: true,
  })
  const project = await app.convert()
  if (project === undefined) return false
  app.validate(project)
  if (app.logger.hasErrors() || app.logger.validationWarningCount > 0) return false
  await app.generateOutputs(project)
  return !app.logger.hasErrors()
}

async function writeReports({ isLocal }) {
  mkdirSync(join(folder, 'api'), { recursive: true })
  const { Extractor, ExtractorConfig } = await import('@microsoft/api-extractor')
  const upToDate = Object.entries(entryPoints).map(([name, file]) => {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: join(root, file),
        compiler: { tsconfigFilePath: join(folder, 'tsconfig.json') },
        apiReport: {
          enabled: true,
          reportFileName: `${name}.api.md`,
          reportFolder: join(folder, 'api'),
          reportTempFolder: join(root, 'dist/api-report'),
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: 'none' } },
          extractorMessageReporting: { default: { logLevel: 'none' } },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
    })
    const { succeeded, apiReportChanged } = Extractor.invoke(config, {
      localBuild: isLocal,
      showVerboseMessages: false,
    })
    return succeeded && (isLocal || !apiReportChanged)
  })
  return upToDate.every(Boolean)
}

const ways = {
  site: buildSite,
  report: () => writeReports({ isLocal: true }),
  check: () => writeReports({ isLocal: false }),
}
const way = ways[process.argv[2]]
if (way === undefined) throw new Error('node docs/build.mjs site|report|check')
installPrivatePackage(folder)
process.exitCode = (await way()) ? 0 : 1
