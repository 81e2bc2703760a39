import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { clientTypes } from './client-types.ts'

const file = 'src/client/contract-types.ts'
writeFileSync(file, clientTypes())
execFileSync('node_modules/.bin/biome', ['format', '--write', file], { stdio: 'ignore' })
