import { writeFileSync } from 'node:fs'
import { asyncApi } from './asyncapi.ts'

/** `npm run asyncapi`: writes what tokenbus hears and says on NATS into docs/. */
writeFileSync(`${process.cwd()}/docs/asyncapi.json`, `${JSON.stringify(asyncApi(), null, 2)}\n`)
