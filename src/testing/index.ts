export * from './events.ts'
export { type Expected, given, type Then } from './given.ts'
export { type Divergence, type Replayed, replay } from './replay.ts'
