import { accountMachine } from '../../machines/index.ts'

export interface ChartEdge {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly guard: string | null
}

/** The chart's transitions with resolved targets; one without a target stays in its state. */
export function accountChart(): ChartEdge[] {
  return Object.entries(accountMachine.states).flatMap(([from, node]) =>
    [...node.transitions.entries()].flatMap(([event, transitions]) =>
      transitions.map(({ target, guard }) => ({
        from,
        event,
        to: target?.[0]?.key ?? from,
        guard: typeof guard === 'string' ? guard : null,
      })),
    ),
  )
}

/** Events that have the same targets in every state, described once as text. */
const anywhere = new Set([
  'account.authorized',
  'account.updated',
  'account.removed',
  'grant.revoked',
  'keys.rotated',
])
const idOf = (state: string) => state.replace('-', '_')

/** The chart as a Mermaid state diagram; what leads from one state to another shares one arrow. */
export function accountDiagram(): string {
  const arrows = new Map<string, Set<string>>()
  for (const { from, event, to, guard } of accountChart()) {
    // Effects that are only published lead to no state.
    if (guard === 'nearsItsEnd') continue
    if (anywhere.has(event) || (from === to && event !== 'refresh.failed' && event !== 'timer.due')) continue
    const arrow = `${idOf(from)} --> ${idOf(to)}`
    arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(event))
  }
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  state "secret-expired" as secret_expired',
    '  [*] --> valid: account.authorized, with a live access token',
    '  [*] --> expiring: account.authorized, without one',
    ...[...arrows].map(([arrow, events]) => `  ${arrow}: ${[...events].join(', ')}`),
    '```',
  ].join('\n')
}
