import { readFile } from 'node:fs/promises'

/** The least that a Redis user of tokenbus needs, as docs/operations.md has it, with this password. */
export async function documentedAcl(password: string, { cluster = false } = {}): Promise<string[]> {
  const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const [, rules = ''] = /^user tokenbus on ><password> ([^`]*)$/m.exec(text) ?? []
  const [, forCluster = ''] = /on Redis Cluster add `([^`]+)`/.exec(text) ?? []
  const all = cluster ? `${rules} ${forCluster}` : rules
  return ['on', `>${password}`, ...all.trim().split(/\s+/)]
}
