import { builtIn } from '../../src/provider/catalogue.ts'
import type { CatalogueEntry } from '../../src/provider/catalogue-entry.ts'

const [begin, end] = ['<!-- npm run providers-table -->', '<!-- end -->']

/** The page with the table of today in it. */
export function withProvidersTable(page: string): string {
  const [before = '', rest = ''] = page.split(begin)
  const [, after = ''] = rest.split(end)
  return `${before}${begin}\n${providersTable()}\n${end}${after}`
}

function providersTable(): string {
  const rows = [...builtIn].map(([name, entry]) => [
    `\`${name}\``,
    link(entry),
    entry.settings.grant ?? 'authorization_code',
    waysOf(entry).join(', '),
  ])
  const head = ['provider', 'registered at', 'grant', 'filled in beside endpoints and scopes']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function link({ displayName, setup: { register } }: CatalogueEntry): string {
  return register === undefined ? displayName : `[${displayName}](${register})`
}

const elsewhere = new Set(['grant', 'scopes', 'authorizeUrl', 'tokenUrl', 'refreshUrl', 'revocationUrl'])

function waysOf({ settings }: CatalogueEntry): string[] {
  return Object.entries(settings)
    .filter(([name]) => !elsewhere.has(name))
    .map(([name, value]) => `\`${name}${typeof value === 'object' ? '' : `: ${value}`}\``)
}
