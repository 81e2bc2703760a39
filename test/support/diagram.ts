import { readFileSync, writeFileSync } from 'node:fs'
import { accountDiagram } from './account-chart.ts'

/** `npm run diagram`: draws the machine into the README. */
const readme = `${process.cwd()}/README.md`
const drawn = `<!-- account-diagram -->\n${accountDiagram()}\n<!-- /account-diagram -->`
writeFileSync(
  readme,
  readFileSync(readme, 'utf8').replace(
    /<!-- account-diagram -->[\s\S]*<!-- \/account-diagram -->/,
    () => drawn,
  ),
)
