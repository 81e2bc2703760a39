import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { clientTypes } from '../support/client-types.ts'
import { installPacked, type Packed, root } from './packed.ts'

let packed: Packed

beforeAll(() => {
  packed = installPacked({ source: join(root, 'src/client') })
})
afterAll(() => packed.remove())

describe('@tokenbus/client', () => {
  it('depends on nats only, in tokenbus’s version, and has its version', () => {
    expect(packed.manifest).toMatchObject({
      version: manifest.version,
      engines: manifest.engines,
      dependencies: { nats: manifest.dependencies.nats },
    })
    const { dependencies, peerDependencies, optionalDependencies } = packed.manifest
    expect(Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })).toEqual(['nats'])
  })

  it('contains the code and its types, which import no package but nats', () => {
    const files = readdirSync(packed.installed, { recursive: true, encoding: 'utf8' })
    const built = files.filter((file) => /\.(js|ts|map)$/.test(file))
    expect(built.filter((file) => !/^dist\/.*(\.js|\.d\.ts)$/.test(file))).toEqual([])
    const named = built.flatMap((file) =>
      [
        ...readFileSync(join(packed.installed, file), 'utf8').matchAll(
          /(?:from|import\()\s*['"]([^.'"][^'"]*)['"]/g,
        ),
      ].map(([, name]) => name as string),
    )
    expect([...new Set(named)].filter((name) => !name.startsWith('node:'))).toEqual(['nats'])
  })

  it('has the same exports as tokenbus/client', () => {
    const inTokenbus = (path: string) => `./src/client/${path.replace('./', '')}`
    const { types, default: entry } = packed.manifest.exports['.']
    expect(manifest.exports['./client']).toEqual({ types: inTokenbus(types), default: inTokenbus(entry) })
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: packed.installed, pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, packed.manifest))).toEqual([])
  })

  it.each(['ours.mjs', 'theirs.cjs'])('can be imported by %s', (file) => {
    const show = `import('@tokenbus/client').then((all) => process.stdout.write(Object.keys(all).sort().join()))`
    expect(packed.run(file, show)).toBe('TokensError,connectTokens,createEventFilter,googleAuth,graphAuth')
  })

  it('has types for a strict program', () => {
    const program = `import { connectTokens, TokensError, type Token, type TokenInvalid } from '@tokenbus/client'
await using tokens = await connectTokens({ servers: 'nats://127.0.0.1:4222', tls: {} })
const token: Token = await tokens.get('alice', { minValidity: 60 })
tokens.on('invalid', ({ reason, recoverable }: TokenInvalid) => void [reason satisfies string, recoverable satisfies boolean])
const error = new TokensError({ error: 'grant_revoked', message: '' })
// @ts-expect-error no such code
if (error.code === 'no_such_code') void token
export {}
`
    expect(packed.compile(program)).toBe('')
  })
})

it('the types of the client are up to date (npm run client-types)', () => {
  const unformatted = (text: string) => text.replace(/[\s()|]/g, '')
  const written = readFileSync(join(root, 'src/client/contract-types.ts'), 'utf8')
  expect(unformatted(written)).toBe(unformatted(clientTypes()))
})
