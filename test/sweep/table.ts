import { providerNeeds } from './provider-needs.ts'
import type { Outcome } from './story.ts'

/** How many work, by what they need, and all together. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const works = new Set(outcomes.filter(({ failed }) => failed === undefined).map(({ name }) => name))
  const needed = [...new Set(Object.values(providerNeeds).flatMap(({ needs }) => needs))]
  const rows = needed.map((need) => rowOf(need, works, (needs) => needs.includes(need)))
  const all = [
    ...rows.sort((a, b) => b.among - a.among),
    rowOf('nothing beyond RFC 6749', works, (needs) => needs.length === 0),
    rowOf('all', works, () => true),
  ]
  const lines = all.map(
    ({ label, work, among }) => `${String(work).padStart(4)} of ${String(among).padStart(3)}  ${label}`,
  )
  const failures = outcomes.flatMap(({ name, failed }) =>
    failed ? [`  ${name}: ${failed.chapter}: ${failed.why}`] : [],
  )
  return [...lines, ...failures].join('\n')
}

function rowOf(label: string, works: ReadonlySet<string>, counts: (needs: readonly string[]) => boolean) {
  const among = Object.entries(providerNeeds).filter(([, { needs }]) => counts(needs))
  return { label, among: among.length, work: among.filter(([name]) => works.has(name)).length }
}
