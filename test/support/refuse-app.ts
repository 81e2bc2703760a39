import type { ClientRejected } from '../../machines/index.ts'
import type { TestNode } from './node.ts'

/** What an attempt of this grant reports once its provider has refused the app's client. */
export async function refuseApp(
  { host }: Pick<TestNode, 'host'>,
  app: string,
  how: Pick<ClientRejected, 'grant'> & Partial<ClientRejected>,
): Promise<void> {
  const { context, endpoint } = await host.apps.look(app)
  await host.apps.report(app, {
    type: 'client.rejected',
    accusation: 'client',
    attempt: 'first',
    sent: { at: Date.now(), endpoint, question: context.question?.id ?? null },
    workedBefore: true,
    refusedBefore: null,
    refusedSecrets: context.secrets.map(({ id }) => id),
    triesNext: false,
    earlier: null,
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
    ...how,
  })
}

/** Two grants are refused: what an app without a baseline is believed to be refused for. */
export async function breakApp(node: Pick<TestNode, 'host'>, app: string): Promise<void> {
  // The first seems to go on with another secret: so nobody else is asked meanwhile.
  await refuseApp(node, app, { grant: 'one', triesNext: true })
  await refuseApp(node, app, { grant: 'another' })
}
