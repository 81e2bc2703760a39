import type { ClientRejected } from '../../machines/index.ts'
import type { TestNode } from './node.ts'

/** Reports a refusal of the app's client for this grant, as an attempt does. */
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

/** Opens the app's circuit by refusals of two grants, which is enough without a baseline. */
export async function breakApp(node: Pick<TestNode, 'host'>, app: string): Promise<void> {
  // `triesNext`: the attempt continues with another secret, so that no other account is probed. Of four grants it is known
  // that a secret is left to try; the first one then counts as refused with all.
  for (const grant of ['one', 'two', 'three', 'four', 'five'])
    await refuseApp(node, app, { grant, triesNext: true })
  await refuseApp(node, app, { grant: 'another' })
}
