export interface TokenBucket {
  readonly level: number
  readonly at: number
}

/** `size` at once, then one every `interval` milliseconds. */
export interface BucketRate {
  readonly size: number
  readonly interval: number
}

/** The level at a later time; a clock that was set back adds nothing. */
export function bucketLevel(bucket: TokenBucket, { size, interval }: BucketRate, at: number): number {
  const gained = at > bucket.at ? (at - bucket.at) / interval : 0
  return Math.min(size, bucket.level + gained)
}
