import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Adapter, AdapterPayload } from 'oidc-provider'

type Kind = Record<string, { payload: AdapterPayload; expiresAt: number | null }>

/** The sandbox's state: keys and secrets, and oidc-provider's records by kind and id. */
export interface SandboxState {
  setup: { secrets: string[]; refused: string[]; jwks: object; cookieKeys: string[] }
  records: Record<string, Kind>
}

export interface SandboxStore {
  readonly state: SandboxState
  write(): void
  /** oidc-provider requires one adapter per kind of record. */
  adapter(name: string): Adapter
  /** Revokes all grants of a user; returns how many. */
  revokeUser(accountId: string): number
}

/** Kept in memory and in one file, which is replaced atomically before any dependent response is sent. */
export function openStore(file: string | null, create: () => SandboxState['setup']): SandboxStore {
  const state = read(file) ?? { setup: create(), records: {} }

  function write(): void {
    if (file === null) return
    writeFileSync(`${file}.part`, JSON.stringify(state), { mode: 0o600 })
    renameSync(`${file}.part`, file)
  }

  function kindOf(name: string): Kind {
    state.records[name] ??= {}
    return state.records[name]
  }

  function live(name: string, id: string): AdapterPayload | undefined {
    const found = kindOf(name)[id]
    if (found?.expiresAt === null || (found && found.expiresAt > Date.now())) return found.payload
    delete kindOf(name)[id]
    return undefined
  }

  function findBy(name: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    const found = Object.entries(kindOf(name)).find(([, { payload }]) => matches(payload))
    return found && live(name, found[0])
  }

  write()
  return {
    state,
    write,
    adapter(name) {
      return {
        async upsert(id, payload, expiresIn) {
          kindOf(name)[id] = { payload, expiresAt: expiresIn ? Date.now() + expiresIn * 1_000 : null }
          write()
        },
        find: async (id) => live(name, id),
        findByUserCode: async (code) => findBy(name, (payload) => payload.userCode === code),
        findByUid: async (uid) => findBy(name, (payload) => payload.uid === uid),
        async consume(id) {
          const payload = live(name, id)
          if (payload) payload.consumed = Math.floor(Date.now() / 1_000)
          write()
        },
        async destroy(id) {
          delete kindOf(name)[id]
          write()
        },
        async revokeByGrantId(grantId) {
          for (const [id, { payload }] of Object.entries(kindOf(name))) {
            if (payload.grantId === grantId) delete kindOf(name)[id]
          }
          write()
        },
      }
    },
    revokeUser(accountId) {
      const grants = Object.entries(kindOf('Grant')).filter(
        ([, { payload }]) => payload.accountId === accountId,
      )
      for (const [grantId] of grants) {
        delete kindOf('Grant')[grantId]
        for (const kind of Object.values(state.records)) {
          for (const [id, { payload }] of Object.entries(kind))
            if (payload.grantId === grantId) delete kind[id]
        }
      }
      write()
      return grants.length
    },
  }
}

function read(file: string | null): SandboxState | null {
  if (file === null) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SandboxState
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
