export interface Bench {
  readonly natsUrl: string
  readonly redisUrl: string
  readonly httpUrl: string
}

/** A ratio to a floor that was measured in the same run, in turns. */
export interface Finding {
  readonly what: string
  readonly perSecond: number
  readonly floor: string
  readonly floorPerSecond: number
}
