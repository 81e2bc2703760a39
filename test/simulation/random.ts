export interface Random {
  /** 0 to 1, without 1. */
  next(): number
  chance(probability: number): boolean
  between(low: number, high: number): number
  integer(low: number, high: number): number
  pick<T>(choices: readonly T[]): T
  /** A separate random source, so that the numbers drawn by one part do not affect another. */
  fork(): Random
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const between = (low: number, high: number) => low + next() * (high - low)
  const integer = (low: number, high: number) => Math.floor(between(low, high + 1))
  return {
    next,
    chance: (probability) => next() < probability,
    between,
    integer,
    pick: (choices) => choices[integer(0, choices.length - 1)] as (typeof choices)[number],
    fork: () => createRandom(Math.floor(next() * 4294967296)),
  }
}
