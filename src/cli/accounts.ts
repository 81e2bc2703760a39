import { type Command, Option } from 'commander'
import type { AccountView } from '../contract/account.ts'
import { encodeId } from '../contract/subject-token.ts'
import { replay } from '../testing/replay.ts'
import { accountDeviceCommand } from './account-device.ts'
import { accountListCommand } from './account-list.ts'
import { ifVersionOption } from './if-version.ts'
import { parseParam } from './parse-param.ts'
import { pick } from './pick.ts'
import { parseCount, readPayload, readSecret } from './read-secret.ts'
import { facts, paintState, shown } from './terminal.ts'
import type { Run, Tools } from './tools.ts'
import { transitionLine } from './transition-line.ts'

const policies = ['eager', 'lazy', 'adaptive']

export function accountCommands(program: Command, run: Run): void {
  const account = program.command('account').alias('accounts').description('connected accounts')
  account
    .command('put <account>')
    .description('register an account, or give it a new grant')
    .option('--app <app>', 'the app it was connected with')
    .option('--user <user>', 'the user at the provider, such as an e-mail address')
    .option('--subject <sub>', "the provider's stable id of the user (OpenID Connect sub)")
    .option('--refresh-token <source>', 'where to read it: - | file:<path> | env:<name>')
    .option('--access-token <source>', 'where to read it: - | file:<path> | env:<name>')
    .option('--expires <time>', 'when the access token expires: ISO 8601, or never')
    .option('--scope <scope...>', 'the granted scopes')
    .option(
      '--param <name=value...>',
      'values of the {name} placeholders in the URLs of the app',
      parseParam,
      {},
    )
    .addOption(new Option('--policy <policy>', 'when to refresh').choices(policies))
    .option('--payload <source>', 'the whole payload as JSON: text | - | file:<path>')
    .addOption(ifVersionOption())
    .action(
      run(async (tools, id: string, options) => {
        const { bus, terminal } = tools
        const body = {
          ...(options.payload && (await readPayload(options.payload, terminal))),
          ...pick(options, ['app', 'user', 'subject', 'expires', 'policy', 'ifVersion']),
          ...(options.expires === 'never' && { expires: null }),
          ...(options.scope && { scopes: options.scope }),
          ...(Object.keys(options.param).length > 0 && { params: options.param }),
          ...(options.refreshToken && { refreshToken: await readSecret(options.refreshToken, terminal) }),
          ...(options.accessToken && { accessToken: await readSecret(options.accessToken, terminal) }),
        }
        printAccount(tools, await bus.request(`account.put.${encodeId(id)}`, body))
      }),
    )
  account
    .command('get <account>')
    .description('show one account, without its secrets')
    .action(
      run(async (tools, id: string) =>
        printAccount(tools, await tools.bus.request(`account.get.${encodeId(id)}`)),
      ),
    )
  accountListCommand(account, run)
  accountDeviceCommand(account, run)
  account
    .command('revoke <account>')
    .description('stop serving its token until it is connected again')
    .option('--reason <word>', 'the reason in token.invalid (default: revoked_by_operator)')
    .option('--at-provider', 'also revoke the grant at the provider')
    .addOption(ifVersionOption())
    .action(
      run(async (tools, id: string, options) => {
        const body = {
          ...pick(options, ['reason', 'ifVersion']),
          ...(options.atProvider && { revokeAtProvider: true }),
        }
        printAccount(tools, await tools.bus.request(`account.revoke.${encodeId(id)}`, body))
      }),
    )
  account
    .command('delete <account>')
    .description('delete an account and its tokens')
    .option('--revoke', 'also revoke the grant at the provider')
    .addOption(ifVersionOption())
    .action(
      run(async ({ bus, print }, id: string, options) => {
        const body = { ...pick(options, ['ifVersion']), ...(options.revoke && { revokeAtProvider: true }) }
        const deleted = (await bus.request(`account.delete.${encodeId(id)}`, body)) as {
          revokedAtProvider?: boolean
        }
        const { revokedAtProvider: revoked } = deleted
        const atProvider = revoked
          ? ', and the provider has revoked it'
          : ', but the provider did not confirm'
        print(deleted, () => [`${shown(id)} is deleted${revoked === undefined ? '' : atProvider}`])
      }),
    )
  account
    .command('history <account>')
    .description("show an account's recorded transitions, oldest first")
    .option('--limit <n>', 'only the last n transitions', parseCount)
    .action(
      run(async ({ bus, print, terminal }, id: string, { limit }) => {
        const history = await readHistory(bus, id, limit)
        print(history, () => history.transitions.map((each) => transitionLine(each, terminal)))
      }),
    )
  program
    .command('replay <account>')
    .description("replay an account's recorded transitions on this version's state machine")
    .action(
      run(async ({ bus, print, colours }, id: string) => {
        const result = replay((await readHistory(bus, id)).transitions)
        const { checked, skipped, truncated = 0, divergence } = result
        print(result, () =>
          divergence === undefined
            ? [
                `${checked} transitions of ${shown(id)} replayed, all as recorded${skipped > 0 ? ` (${skipped} not retained)` : ''}${truncated > 0 ? ` (${truncated} truncated)` : ''}`,
              ]
            : [
                colours.red(`version ${divergence.version} of ${shown(id)} differs at ${divergence.path}`),
                `  recorded  ${JSON.stringify(divergence.recorded)}`,
                `  replayed  ${JSON.stringify(divergence.replayed)}`,
              ],
        )
        return divergence === undefined ? 0 : 1
      }),
    )
}

async function readHistory(bus: Tools['bus'], id: string, limit?: number) {
  const query = limit === undefined ? undefined : { limit }
  return (await bus.request(`account.history.${encodeId(id)}`, query)) as {
    account: string
    transitions: unknown[]
  }
}

function printAccount({ print, colours }: Tools, body: unknown): void {
  const account = body as AccountView
  print(account, () => facts({ ...account, state: paintState(account.state, colours) }, colours))
}
