import type { Command } from 'commander'
import type { AccountDeviceReply, AccountView } from '../contract/account.ts'
import { encodeId } from '../contract/encode-id.ts'
import { Refused } from './bus.ts'
import { parseParam } from './parse-param.ts'
import { pick } from './pick.ts'
import { shown } from './terminal.ts'
import type { Run, Tools } from './tools.ts'

const pollInterval = 1_000

export function accountDeviceCommand(account: Command, run: Run): void {
  account
    .command('device <account>')
    .description('connect an account by consent in a browser on another device (RFC 8628)')
    .requiredOption('--app <app>', 'the app to connect it with')
    .option('--user <user>', 'the user, if the provider does not report who signed in')
    .option(
      '--param <name=value...>',
      'values of the {name} placeholders in the URLs of the app',
      parseParam,
      {},
    )
    .option('--no-wait', 'do not wait for the consent')
    .action(
      run(async (tools, id: string, options) => {
        const { bus, print } = tools
        const before = await versionOf(tools, id)
        const request = {
          ...pick(options, ['app', 'user']),
          ...(Object.keys(options.param).length > 0 && { params: options.param }),
        }
        const code = (await bus.request(`account.device.${encodeId(id)}`, request)) as AccountDeviceReply
        print(code, () => [
          `open ${shown(code.verificationUri)} and enter ${shown(code.userCode)}, within ${code.expiresIn} s`,
        ])
        if (!options.wait) return 0
        return (await isConnected(tools, id, { before, within: code.expiresIn })) ? 0 : 1
      }),
    )
}

async function isConnected(
  tools: Tools,
  id: string,
  { before, within }: { before: number; within: number },
): Promise<boolean> {
  const { terminal, colours } = tools
  const until = Date.now() + within * 1_000
  let given = true
  terminal.interrupted.then(() => {
    given = false
  })
  while (given && Date.now() < until) {
    if ((await versionOf(tools, id)) > before) {
      terminal.err(colours.green(`${shown(id)} is connected`))
      return true
    }
    await new Promise((resolve) => setTimeout(resolve, pollInterval))
  }
  terminal.err(`${shown(id)} was not connected`)
  return false
}

/** 0 if there is no such account. */
async function versionOf({ bus }: Tools, id: string): Promise<number> {
  try {
    return ((await bus.request(`account.get.${encodeId(id)}`)) as AccountView).version
  } catch (error) {
    if (error instanceof Refused && error.failure.error === 'account_not_found') return 0
    throw error
  }
}
