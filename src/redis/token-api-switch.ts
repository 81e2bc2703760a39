import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import type { Signer } from './signer.ts'

const key = 'tb:token-api'

const storedSchema = z.strictObject({
  enabled: z.boolean(),
  /** The id of the API token that set it. */
  by: z.string(),
  /** Milliseconds. */
  at: z.number(),
})
export type StoredSwitch = z.output<typeof storedSchema>

/** The page's switch for tokens over HTTP. Methods reject with `StorageUnavailable`. */
export interface TokenApiSwitch {
  /** Null if it was never set, or was not written by tokenbus. */
  read(): Promise<StoredSwitch | null>
  write(decision: StoredSwitch): Promise<void>
  /** Re-signs it with the current key; returns the number of rows. */
  rewrite(): Promise<number>
}

export interface TokenApiSwitchOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly signer: Signer
  readonly integrity: Pick<Integrity, 'report'>
}

/** Stored as `<mac> <row>`. Always with a MAC, independent of the write level, since no version wrote it without one. */
export function createTokenApiSwitch({
  redis,
  run,
  signer,
  integrity,
}: TokenApiSwitchOptions): TokenApiSwitch {
  const signedOf = (content: string) => ({ kind: 'setting', id: 'token-api', content })
  const toText = (content: string) => `${signer.sign(signedOf(content))} ${content}`

  /** Its content and MAC; null if the MAC is invalid. */
  function open(text: string): { content: string; mac: string } | null {
    const space = text.indexOf(' ')
    const [mac, content] = [text.slice(0, Math.max(0, space)), text.slice(space + 1)]
    if (signer.verify(signedOf(content), mac)) return { content, mac }
    integrity.report(signedOf(content))
    return null
  }

  return {
    async read() {
      const text = await reach(() => redis.get(key))
      const opened = text === null ? null : open(text)
      return opened && storedSchema.parse(parseJson(opened.content))
    },
    async write(decision) {
      await reach(() => redis.set(key, toText(JSON.stringify(decision))))
    },
    async rewrite() {
      const text = await reach(() => redis.get(key))
      const opened = text === null ? null : open(text)
      if (text === null || opened === null || !signer.isStale(opened.mac)) return 0
      await run({ script: 'replace-text', keys: [key], args: [text, toText(opened.content)] })
      return 1
    },
  }
}
