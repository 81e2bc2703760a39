import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { ok } from '../../src/contract/failures.ts'
import { type Stage, setStage } from './stage.ts'

/** One write of one operator; `n` makes its value unique. */
type Write = {
  readonly does: 'add a secret' | 'rename the app' | 'put the app again' | 'note a fact'
  readonly n: number
}

const app = 'app-none'
const client = { provider: 'oidc', clientId: 'client', rotation: 'none' } as const

const writes: Record<Write['does'], (stage: Stage, node: number, n: number) => Promise<boolean>> = {
  'add a secret': async (stage, node, n) =>
    (await stage.at(node).addSecret(app, { id: `s${n}`, secret: new Secret(`secret-${n}`) })).ok,
  'rename the app': async (stage, node, n) =>
    (await stage.at(node).updateApp(app, () => ok({ name: `n${n}` }))).ok,
  'put the app again': async (stage, node) =>
    (await stage.at(node).putApp(app, { ...client, clientSecret: new Secret('secret-0') })).ok,
  'note a fact': async (stage, node, n) => {
    const patched = await stage
      .at(node)
      .patchAccount('alice', (known) =>
        ok({ app, user: 'alice', metadata: { ...known?.metadata, [`f${n}`]: n } as Record<string, number> }),
      )
    return patched.ok
  },
}

const write = (n: number) =>
  fc.constantFrom(...(Object.keys(writes) as Write['does'][])).map((does): Write => ({ does, n }))
const operator = (first: number) => fc.tuple(...[0, 1, 2, 3].map((i) => write(first + i)))

describe('two concurrent operators', () => {
  it('lose no acknowledged change, whatever the interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), operator(1), operator(5), async (seed, one, other) => {
        const stage = await setStage({ seed })
        await stage.connect('alice', { rotation: 'none', fresh: true })
        const done: Write[] = []
        const run = async (node: number, all: readonly Write[]) => {
          for (const each of all) if (await writes[each.does](stage, node, each.n)) done.push(each)
        }
        await stage.wait(Promise.all([run(0, one), run(1, other)]))
        const seen = await stage.wait(stage.at(0).getApp(app))
        const account = await stage.wait(stage.at(0).getAccount('alice'))
        if (!seen.ok || !account.ok) throw new Error('gone')
        const of = (does: Write['does'], name: string) =>
          done.filter((each) => each.does === does).map(({ n }) => `${name}${n}`)
        expect(done).toHaveLength(8)
        expect(seen.value.secrets.map(({ id }) => id)).toEqual(
          expect.arrayContaining(of('add a secret', 's')),
        )
        expect(Object.keys((account.value.metadata ?? {}) as object)).toEqual(
          expect.arrayContaining(of('note a fact', 'f')),
        )
        for (const node of stage.nodes) node.crash()
      }),
      { numRuns: 60 },
    )
  })
})
