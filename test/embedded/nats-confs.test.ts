import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { consumerAccount } from '../../src/cli/consumer-account.ts'
import { startNats } from '../support/nats.ts'
import { connectAs, env, variants } from '../support/shipped-nats.ts'

const roleOf = (conf: string, name: string) => new RegExp(`^${name} = \\{\\n.*?^\\}$`, 'ms').exec(conf)?.[0]

it.each(['SERVICE_ROLE', 'OPERATOR_ROLE'])('%s is the same in both configurations', async (name) => {
  const [accounts, single] = await Promise.all(variants.map(({ config }) => readFile(config, 'utf8')))
  expect(roleOf(accounts as string, name)).toBeDefined()
  expect(roleOf(single as string, name)).toBe(roleOf(accounts as string, name))
})

it('the account CONSUMER equals the output of `tokenbus consumer create consumer`, and TOKENBUS exports what it imports', async () => {
  const conf = await readFile(variants[0].config, 'utf8')
  const imports = (text: string) =>
    [...text.matchAll(/account: TOKENBUS, subject: "([^"]+)"/g)].map(([, subject]) => subject)
  const shipped = /^ {2}CONSUMER \{$.*?^ {2}\}$/ms.exec(conf)?.[0] as string
  const printed = consumerAccount({ name: 'consumer', accounts: undefined }).join('\n')
  expect(imports(shipped).sort()).toEqual(imports(printed).sort())
  const exported = [...conf.matchAll(/\{ (?:service|stream): "([^"]+)"/g)].map(([, subject]) => subject)
  expect(
    imports(shipped)
      .map((subject) => subject?.replace('.consumer', '.*'))
      .sort(),
  ).toEqual(exported.sort())
})

describe.each(variants)('$name', ({ config }) => {
  it('is reloaded by SIGHUP without closing connections', async () => {
    const storeDir = await mkdtemp(join(tmpdir(), 'tokenbus-nats-'))
    const included = join(storeDir, 'included.conf')
    const shipped = await readFile(config, 'utf8')
    await writeFile(included, shipped)
    const server = await startNats({ storeDir, configText: 'include ./included.conf', env })
    const service = await connectAs('service', server)
    const consumer = await connectAs('consumer', server)
    try {
      service.subscribe('token.get.*', { callback: (_, message) => void message.respond('a token') })
      await service.flush()
      expect((await consumer.request('token.get.alice')).string()).toBe('a token')

      const role = roleOf(shipped, 'CONSUMER_ROLE') as string
      await writeFile(included, shipped.replace(role, role.replace('"token.get.*"', '"token.get.bob"')))
      await server.reload()
      await expect(consumer.request('token.get.alice')).rejects.toMatchObject({
        code: 'PERMISSIONS_VIOLATION',
      })
      expect((await consumer.request('token.get.bob')).string()).toBe('a token')
    } finally {
      await Promise.all([service.close(), consumer.close()])
      await server.stop()
      await rm(storeDir, { recursive: true, force: true })
    }
  })
})
