import { pino } from 'pino'
import { createCommands } from './commands.ts'
import { connectRedis } from './connect.ts'
import { createIntegrity } from './integrity.ts'
import { readMeta } from './meta.ts'
import { createRecords } from './records.ts'
import { createSealer } from './seal.ts'
import { parseKeys } from './seal-keys.ts'
import { createSigner } from './signer.ts'
import { createWriteLevel } from './write-level.ts'

/** Opens Redis read-only, with the checks of a node. Rejects with `StartError`. */
export async function openToRead({ url, keys }: { url: string; keys: string }) {
  // The reader reports unreadable records row by row.
  const logger = pino({ level: 'silent' })
  const parsed = parseKeys(keys)
  const sealer = createSealer(parsed)
  const redis = await connectRedis({ url, logger })
  try {
    const { partitions, levels } = await readMeta({ redis, sealer })
    const level = createWriteLevel(levels, { read: async () => levels })
    const integrity = createIntegrity({ signer: createSigner(parsed), level, logger })
    return {
      records: createRecords({ commands: createCommands(redis), partitions, integrity }),
      sealer,
      close: () => redis.disconnect(),
    }
  } catch (error) {
    redis.disconnect()
    throw error
  }
}
