import { ErrorCode, type NatsError, RequestStrategy } from 'nats'
import { z } from 'zod'
import { type Bus, Unreachable } from './bus.ts'

const infoSchema = z.looseObject({ metadata: z.record(z.string(), z.string()) })

/** Milliseconds to wait for the nodes' replies. */
const rollCall = 1_000

/** The `$SRV.INFO` metadata of all nodes. Rejects with `Unreachable` if none answers. */
export async function nodesOf({ nats }: Bus): Promise<Readonly<Record<string, string>>[]> {
  const nodes: Readonly<Record<string, string>>[] = []
  const answers = await nats.requestMany('$SRV.INFO.tokenbus', undefined, {
    strategy: RequestStrategy.Timer,
    maxWait: rollCall,
  })
  try {
    for await (const answer of answers)
      if (answer.data.length > 0) nodes.push(infoSchema.parse(answer.json()).metadata)
  } catch (error) {
    if ((error as NatsError).code !== ErrorCode.NoResponders) throw error
  }
  if (nodes.length === 0)
    throw new Unreachable('tokenbus does not answer on this NATS server; is it running?')
  return nodes
}
