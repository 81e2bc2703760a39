import type { Machine } from './machine.ts'

export type Way = 'open' | 'cut' | 'frozen'

/** The connection of one machine to Redis. */
export interface Link {
  readonly machine: Machine
  way: Way
  /** False from the loss of a connection until there is a new one. */
  connected: boolean
  /** When it last misbehaved. */
  troubleAt: number
  /** How likely a reply gets lost. */
  loses: number
  /** Commands on the wire, by how to end them. */
  readonly open: Set<() => void>
  /** What a frozen wire still holds. */
  readonly stuck: (() => void)[]
  onBack: () => void
}
