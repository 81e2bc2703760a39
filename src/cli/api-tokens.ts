import { type Command, Option } from 'commander'
import type { ApiTokenView } from '../contract/api-token.ts'
import { scopeSchema } from '../contract/api-token.ts'
import { encodeId } from '../contract/subject-token.ts'
import { pick } from './pick.ts'
import { parseCount } from './read-secret.ts'
import { facts, shown, table } from './terminal.ts'
import type { Run } from './tools.ts'

export function apiTokenCommands(program: Command, run: Run): void {
  const apiToken = program.command('api-token').description('tokens that programs call the HTTP API with')
  apiToken
    .command('create <name>')
    .description('create a token, which is shown once')
    .addOption(
      new Option('--scope <scope...>', 'the scopes of the token')
        .choices(scopeSchema.options)
        .makeOptionMandatory(),
    )
    .option('--accounts <pattern>', 'the accounts it covers: an id, or a prefix followed by * (default: all)')
    .option('--apps <pattern>', 'the apps it covers, likewise (default: all if --accounts is all, else none)')
    .option('--expires-at <time>', 'when it expires, ISO 8601')
    .option('--per-second <n>', 'rate limit of requests per node', parseCount)
    .action(
      run(async ({ bus, print, colours }, name: string, options) => {
        const request = {
          name,
          scopes: options.scope,
          ...pick(options, ['accounts', 'apps', 'expiresAt', 'perSecond']),
        }
        const made = (await bus.request('api-token.create', request)) as Record<string, unknown>
        print(made, () => [...facts(made, colours), 'Keep the token now: it is not shown again.'])
      }),
    )
  apiToken
    .command('list')
    .description('list API tokens, without the tokens themselves')
    .action(
      run(async ({ bus, print, colours }) => {
        const list = (await bus.request('api-token.list')) as { apiTokens: ApiTokenView[] }
        print(list, () =>
          table([
            ['ID', 'NAME', 'SCOPES', 'ACCOUNTS', 'APPS', 'EXPIRES', 'LAST USED'].map(colours.dim),
            ...list.apiTokens.map(({ id, name, scopes, accounts, apps, expiresAt, lastUsedAt }) => [
              id,
              name,
              scopes.join(','),
              accounts,
              apps ?? '',
              expiresAt ?? '',
              lastUsedAt ?? '',
            ]),
          ]),
        )
      }),
    )
  apiToken
    .command('revoke <id>')
    .description('revoke a token on all nodes')
    .action(
      run(async ({ bus, print }, id: string) => {
        print(await bus.request(`api-token.revoke.${encodeId(id)}`), () => [`${shown(id)} is revoked`])
      }),
    )
}
