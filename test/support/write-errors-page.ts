import { readFileSync, writeFileSync } from 'node:fs'
import { withErrors } from './errors-page.ts'

/** `npm run errors-page`: writes the error catalogue into docs/errors.md. */
const page = `${process.cwd()}/docs/errors.md`
writeFileSync(page, withErrors(readFileSync(page, 'utf8')))
