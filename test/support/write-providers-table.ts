import { readFileSync, writeFileSync } from 'node:fs'
import { withProvidersTable } from './providers-table.ts'

/** `npm run providers-table`: writes the table of the catalogue into docs/providers.md. */
const page = `${process.cwd()}/docs/providers.md`
writeFileSync(page, withProvidersTable(readFileSync(page, 'utf8')))
