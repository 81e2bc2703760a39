import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseJson } from '../common/parse-json.ts'
import type { AppVerification, AppView } from '../contract/app.ts'
import { encodeId } from '../contract/subject-token.ts'
import { ifVersionOption } from './if-version.ts'
import { parseParam } from './parse-param.ts'
import { pick } from './pick.ts'
import { readPayload, readSecret } from './read-secret.ts'
import { facts, paintState, shown, table } from './terminal.ts'
import type { Run, Tools } from './tools.ts'

export function appCommands(program: Command, run: Run): void {
  const app = program.command('app').description('OAuth2 apps (clients)')
  app
    .command('put <app>')
    .description('create or change an app')
    .option('--provider <provider>', 'a provider listed by `tokenbus providers`')
    .option('--client-id <id>')
    .option('--client-secret <source>', 'where to read it: - | file:<path> | env:<name>')
    .option('--service-key <source>', 'the key of a service account: - | file:<path> | env:<name>')
    .option('--tenant <tenant>', 'the Microsoft tenant')
    .option('--cloud <cloud>', 'global | gcc-high | dod | china')
    .option('--issuer <url>', 'the issuer, from whose metadata the endpoints are discovered')
    .option('--authorize-url <url>')
    .option('--token-url <url>')
    .option('--scope <scope...>', 'the scopes to request')
    .addOption(
      new Option('--rotation <kind>', 'what the provider does with a used refresh token').choices([
        'none',
        'keeps-old',
        'grace',
        'until-used',
        'strict',
      ]),
    )
    .addOption(
      new Option('--policy <policy>', 'when its accounts are refreshed').choices([
        'eager',
        'lazy',
        'adaptive',
      ]),
    )
    .option(
      '--setting <name=value...>',
      'any other setting of app.put: text or JSON, such as pkce=false or answer={"path":"data"}',
    )
    .option('--move-grants', "allow existing grants to be sent to the app's new endpoints")
    .option('--payload <source>', 'the whole payload as JSON: text | - | file:<path>')
    .addOption(ifVersionOption())
    .action(
      run(async (tools, id: string, options) => {
        const { bus, terminal } = tools
        const body = {
          ...(options.payload && (await readPayload(options.payload, terminal))),
          ...pick(options, [
            'provider',
            'clientId',
            'tenant',
            'cloud',
            'issuer',
            'authorizeUrl',
            'tokenUrl',
            'rotation',
            'policy',
            'moveGrants',
            'ifVersion',
          ]),
          ...settingsOf(options.setting),
          ...(options.scope && { scopes: options.scope }),
          ...(options.serviceKey && { serviceKey: await readSecret(options.serviceKey, terminal) }),
          ...(options.clientSecret && { clientSecret: await readSecret(options.clientSecret, terminal) }),
        }
        printApp(tools, await bus.request(`app.put.${encodeId(id)}`, body))
      }),
    )
  app
    .command('get <app>')
    .description('show one app, with its secrets as ***')
    .action(
      run(async (tools, id: string) => printApp(tools, await tools.bus.request(`app.get.${encodeId(id)}`))),
    )
  app
    .command('list')
    .description('list apps')
    .action(
      run(async ({ bus, print, colours }) => {
        const { apps } = (await bus.request('app.list')) as { apps: AppView[] }
        print({ apps }, () =>
          table([
            ['APP', 'STATE', 'PROVIDER', 'CLIENT', 'SECRETS'].map(colours.dim),
            ...apps.map(({ app: name, enabled, state, provider, clientId, secrets }) => [
              name,
              enabled ? paintState(state, colours) : `${paintState(state, colours)}, disabled`,
              provider,
              clientId,
              String(secrets.length),
            ]),
          ]),
        )
      }),
    )
  app
    .command('delete <app>')
    .description('delete an app that has no accounts')
    .addOption(ifVersionOption())
    .action(
      run(async ({ bus, print }, id: string, options) => {
        const deleted = await bus.request(`app.delete.${encodeId(id)}`, pick(options, ['ifVersion']))
        print(deleted, () => [`${shown(id)} is deleted`])
      }),
    )
  app
    .command('verify <app>')
    .description('try its settings at the provider, step by step, without changing anything')
    .option('--user <user>', 'the user that a service account acts for')
    .option('--param <name=value...>', 'values of the {name} placeholders in its URLs', parseParam, {})
    .action(
      run(async ({ bus, print, colours }, id: string, options) => {
        const subject = `app.verify.${encodeId(id)}`
        const found = (await bus.request(subject, {
          ...pick(options, ['user']),
          ...(Object.keys(options.param).length > 0 && { params: options.param }),
        })) as AppVerification
        const marks = new Map([
          [true, colours.green('ok')],
          [false, colours.red('failed')],
        ])
        print(found, () =>
          table(
            found.steps.map(({ step, ok, message, action }) => [
              marks.get(ok as boolean) ?? '-',
              step,
              action === undefined ? message : `${message}; ${action}`,
            ]),
          ),
        )
        return found.ok ? 0 : 1
      }),
    )
  const secret = app.command('secret').description("an app's client secrets, tried in order")
  secret
    .command('add <app>')
    .description('add a secret; accounts waiting for one are refreshed at once')
    .requiredOption('--secret <source>', 'where to read it: - | file:<path> | env:<name>')
    .option('--expires-at <time>', 'when it expires, ISO 8601')
    .addOption(ifVersionOption())
    .action(
      run(async (tools, id: string, options) => {
        const body = {
          secret: await readSecret(options.secret, tools.terminal),
          ...pick(options, ['expiresAt', 'ifVersion']),
        }
        printApp(tools, await tools.bus.request(`app.secret.add.${encodeId(id)}`, body))
      }),
    )
  secret
    .command('remove <app> <secret-id>')
    .description('remove a secret by its id')
    .addOption(ifVersionOption())
    .action(
      run(async (tools, id: string, secretId: string, options) => {
        const body = { id: secretId, ...pick(options, ['ifVersion']) }
        printApp(tools, await tools.bus.request(`app.secret.remove.${encodeId(id)}`, body))
      }),
    )
}

function settingsOf(said: readonly string[] = []): Record<string, unknown> {
  const settings = said.map((each) => {
    const at = each.indexOf('=')
    if (at < 1) throw new InvalidArgumentError(`--setting ${each}: must be name=value`)
    const text = each.slice(at + 1)
    return [each.slice(0, at), parseJson(text) ?? text]
  })
  return Object.fromEntries(settings)
}

function printApp({ print, colours }: Tools, body: unknown): void {
  const app = body as AppView
  print(app, () => facts({ ...app, state: paintState(app.state, colours) }, colours))
}
