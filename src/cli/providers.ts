import type { Command } from 'commander'
import { type Catalogue, openCatalogue } from '../provider/catalogue.ts'
import type { CatalogueEntry } from '../provider/catalogue-entry.ts'
import { type Colours, facts, table } from './terminal.ts'
import type { RunAlone } from './tools.ts'

export function providerCommands(program: Command, runAlone: RunAlone): void {
  program
    .command('providers [name]')
    .description(
      'list the provider catalogue; with a name, show its settings, their sources and what to register',
    )
    .action(
      runAlone(async ({ config, terminal, colours, print }, name?: string) => {
        const catalogue = openCatalogue(config.catalogueDir)
        if (name === undefined) {
          print(Object.fromEntries(catalogue), () => list(catalogue, colours))
          return 0
        }
        const entry = catalogue.get(name)
        if (entry === undefined) {
          terminal.err(`there is no provider ${name} in the catalogue${similar(catalogue, name)}`)
          return 1
        }
        print(entry, () => explain(name, entry, colours))
        return 0
      }),
    )
}

function list(catalogue: Catalogue, colours: Colours): string[] {
  const rows = [...catalogue].map(([name, { displayName, category, settings }]) => [
    name,
    displayName,
    category,
    settings.grant ?? 'authorization_code',
  ])
  return table([['NAME', 'PROVIDER', 'CATEGORY', 'GRANT'].map(colours.dim), ...rows])
}

function explain(name: string, entry: CatalogueEntry, colours: Colours): string[] {
  const { displayName, takes, settings, facts: known, sources, setup } = entry
  const { register, redirectUrlName, permissions, testing, remarks } = setup
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', colours.bold(title), ...lines.map((line) => `  ${line}`)]
  const callback = redirectUrlName && `<TOKENBUS_PUBLIC_URL>/oauth, as ${redirectUrlName}`
  return [
    `${colours.bold(displayName)}  (provider: "${name}")`,
    ...part('At the provider', facts({ register, callback, permissions, testing }, colours)),
    ...part('To know', remarks),
    ...part('Defaults that app.put can override', facts(settings, colours)),
    ...part('Takes', takes),
    ...part('Known', facts(known, colours)),
    ...part(
      'Sources',
      Object.entries(sources).map(([url, fields]) => `${url}  ${colours.dim(fields.join(', '))}`),
    ),
  ]
}

function similar(catalogue: Catalogue, name: string): string {
  const found = [...catalogue.keys()].filter((each) =>
    each.toLowerCase().startsWith(name.slice(0, 3).toLowerCase()),
  )
  return found.length === 0 ? '' : `; similar: ${found.join(', ')}`
}
