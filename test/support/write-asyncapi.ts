import { writeFileSync } from 'node:fs'
import { asyncApi } from './asyncapi.ts'

/** `npm run asyncapi`: writes the AsyncAPI document into docs/. */
writeFileSync(`${process.cwd()}/docs/asyncapi.json`, `${JSON.stringify(asyncApi(), null, 2)}\n`)
