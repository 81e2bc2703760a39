import type { Command } from 'commander'
import { encodeId } from '../contract/subject-token.ts'
import { parseCount, readSecret } from './read-secret.ts'
import { facts } from './terminal.ts'
import type { Run } from './tools.ts'

export function tokenCommands(program: Command, run: Run): void {
  program
    .command('token <account>')
    .description('get a valid access token')
    .option('--min-validity <seconds>', 'how long it must still be valid', parseCount)
    .option('--force', 'refresh it first')
    .option('--if-generation <n>', 'with --force: only if this is the current generation', parseCount)
    .option('--scope <scope...>', 'a second token of the same grant, with these scopes')
    .option('--subject-token <source>', 'exchange this token: - | file:<path> | env:<name>')
    .option('--raw', 'print the access token and nothing else')
    .action(
      run(async ({ bus, terminal, print, colours }, account: string, options) => {
        const token = (await bus.request(`token.get.${encodeId(account)}`, {
          ...(options.minValidity !== undefined && { minValidity: options.minValidity }),
          ...(options.force && { forceRefresh: true }),
          ...(options.scope && { scopes: options.scope }),
          ...(options.subjectToken && { subjectToken: await readSecret(options.subjectToken, terminal) }),
          ...(options.ifGeneration !== undefined && { ifGeneration: options.ifGeneration }),
        })) as Record<string, unknown>
        if (options.raw) terminal.out(String(token.accessToken))
        else print(token, () => facts(token, colours))
      }),
    )
  program
    .command('reject <account>')
    .description('report that an API answered 401 to a token, and get a newer one')
    .requiredOption('--generation <n>', 'the generation of the rejected token', parseCount)
    .option('--claims <challenge>', 'the claims challenge of the 401: JSON, or JSON in base64url')
    .action(
      run(async ({ bus, print, colours }, account: string, { generation, claims }) => {
        const report = { generation, ...(claims !== undefined && { claims }) }
        const token = (await bus.request(`token.reject.${encodeId(account)}`, report)) as Record<
          string,
          unknown
        >
        print(token, () => facts(token, colours))
      }),
    )
}
