import type { Command } from 'commander'
import { Secret } from '../common/secret.ts'
import { encodeId } from '../contract/subject-token.ts'
import { createProvider } from '../provider/provider.ts'
import { connectUser } from '../sandbox/demo.ts'
import { readDevFile, Unreachable } from './bus.ts'
import { parseCount, parseDuration } from './read-secret.ts'
import { facts, shown } from './terminal.ts'
import type { Run, Tools } from './tools.ts'

export function sandboxCommands(program: Command, run: Run): void {
  const sandbox = program
    .command('sandbox')
    .description('simulate failures of the OAuth server of `tokenbus dev`')
  const pull = async (
    { config, print, colours }: Tools,
    verb: string,
    body: object | undefined,
    done: string,
  ) => {
    const answer = await call((await readDevFile(config)).sandbox, verb, body)
    print(answer, () => [
      done,
      ...facts((answer.status ?? {}) as Record<string, unknown>, colours).map((line) => `  ${line}`),
    ])
    return answer
  }
  sandbox
    .command('revoke <user>')
    .description('revoke a grant as the user would; the next refresh fails')
    .action(
      run(async ({ config, print }, user: string) => {
        const answer = await call((await readDevFile(config)).sandbox, 'revoke', { user })
        print(answer, () => [`${shown(user)} has revoked the grant; the next refresh will fail`])
      }),
    )
  sandbox
    .command('connect <account>')
    .description('connect the account (again) through the consent page')
    .action(
      run(async ({ config, bus, print }, account: string) => {
        const { sandbox: url } = await readDevFile(config)
        const { id, secret } = await call(url, 'client', undefined)
        const provider = createProvider({ allowPrivate: true })
        const client = { id: String(id), secret: new Secret(String(secret)) }
        const { accessToken, refreshToken, ...put } = await connectUser({
          sandbox: { url, client },
          provider,
          user: account,
        })
        await provider.close()
        const tokens = { accessToken: accessToken?.reveal(), refreshToken: refreshToken?.reveal() }
        const connected = await bus.request(`account.put.${encodeId(account)}`, { ...put, ...tokens })
        print(connected, () => [`${shown(account)} is connected`])
      }),
    )
  sandbox
    .command('expire-secret')
    .description("make the app's client secret expire")
    .action(
      run(async (tools) => pull(tools, 'expire-secret', {}, 'the client secret is refused from now on')),
    )
  sandbox
    .command('new-secret')
    .description('create a new client secret, and add it to tokenbus')
    .action(
      run(async (tools) => {
        const { secret } = await call((await readDevFile(tools.config)).sandbox, 'new-secret', {})
        await tools.bus.request('app.secret.add.sandbox', { secret })
        tools.print({ added: true }, () => [
          'a new client secret was created and added to tokenbus; its accounts recover now',
        ])
      }),
    )
  sandbox
    .command('outage <duration>')
    .description('make the token endpoint answer 503 for this long')
    .action(
      run(async (tools, text: string) =>
        pull(tools, 'outage', { ms: parseDuration(text) }, `the token endpoint answers 503 for ${text}`),
      ),
    )
  sandbox
    .command('slow <duration>')
    .description('delay each response of the token endpoint (0s ends it)')
    .action(
      run(async (tools, text: string) =>
        pull(tools, 'slow', { ms: parseDuration(text) }, `the token endpoint takes ${text} for each request`),
      ),
    )
  sandbox
    .command('lose-answer')
    .description('process the next request, but lose its response')
    .option('--times <n>', 'lose n responses', parseCount)
    .action(
      run(async (tools, options) => {
        const times = (options.times as number | undefined) ?? 1
        await pull(
          tools,
          'lose-answer',
          { times },
          `the next ${times === 1 ? 'response is' : `${times} responses are`} lost`,
        )
      }),
    )
  sandbox
    .command('heal')
    .description('end outage, delay and lost responses')
    .action(run(async (tools) => pull(tools, 'heal', {}, 'the sandbox works normally again')))
  sandbox
    .command('status')
    .description('show the simulated failures')
    .action(
      run(async ({ config, print, colours }) => {
        const status = await call((await readDevFile(config)).sandbox, 'status', undefined)
        print(status, () => facts(status, colours))
      }),
    )
}

async function call(url: string, verb: string, body: object | undefined): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/sandbox/${verb}`, {
    headers: { 'x-sandbox': '1', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  }).catch((cause) => {
    throw new Unreachable(`The sandbox at ${url} does not answer; is tokenbus dev running?`, { cause })
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Unreachable(`The sandbox refused: ${String(answer.error)}`)
  return answer
}
