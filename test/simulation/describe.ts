import type { OutboxEntry } from '../../src/redis/record.ts'
import type { Spending } from './simulated-provider.ts'

/** One line per event, to read a failing seed. */
export function describeEntry({ type, ref, body }: OutboxEntry): string {
  const { version, event, from, to, generation, reason, snapshot } = JSON.parse(body)
  if (type !== 'account.transition')
    return `${ref.id} v${version} ${type} ${reason ?? `generation ${generation}`}`
  const { context } = snapshot
  const doubt = context.doubtSince === null ? '' : ', in doubt'
  return `${ref.id} v${version} ${event.type} ${event.reason ?? ''}: ${from} -> ${to}, generation ${context.generation}${doubt}`
}

export function describeSpending({ grant, number, machine }: Spending): string {
  return `${grant.account} ${machine.name} sends ${grant.rotation} token ${number} of ${grant.id}`
}

/** What an app holds against its client, or its grants. */
export function describeApp(app: string, fields: ReadonlyMap<string, string>): string {
  const { question, baseline, denial, secrets } = JSON.parse(fields.get('s') as string).context
  const asks =
    question && `${question.accusation} ${question.grants.length} refused, control ${question.control}`
  const tells = baseline && (baseline.ownSecret === baseline.madeUpSecret ? 'blind' : 'sighted')
  const refused = secrets.map(({ rejected }: { rejected: boolean }) => (rejected ? 'refused' : 'good'))
  return `${app} v${fields.get('v')} ${fields.get('state')}: ${asks ?? 'no question'}, ${tells ?? 'no baseline'}, ${denial ? 'denied once' : 'no denial'}, secrets ${refused}`
}
