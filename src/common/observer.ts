/** Receives what the metrics count. Called on hot paths: implementations must not throw, wait or allocate. */
export interface Observer {
  /** A token was answered that is valid for `lifeLeft` more milliseconds. */
  served(lifeLeft: number, from: ServedFrom): void
  /** A caller was answered by a refresh that another caller started. */
  coalesced(): void
  lostSave(): void
  /** An `account.grant-expiring` or `app.secret-expiring` event was published. */
  warned(kind: 'grant-expiring' | 'secret-expiring'): void
  /** An `invalid_grant` was a lost race: the grant had already been refreshed. */
  raceRecovered(): void
  /** An attempt ended without an answer, so the refresh token may have been spent. */
  inDoubt(): void
  /** An event became a dead letter: its stream rejects it permanently. */
  eventSetAside(): void
  /** A record was loaded whose format only newer nodes can read. */
  unreadable(kind: 'account' | 'app'): void
  /** A provider's answer could not be stored in its account because of a bug; it is kept for a later version. */
  answerKept(): void
  /** `outcome`: `succeeded`, the class of the failure, `kept` (the answer will be stored later) or `untold` (not known). */
  attemptEnded(ended: { app: string; provider: string; outcome: string; milliseconds: number }): void
  /** A refresh ended; `reason`: why it failed, null where it succeeded. */
  refreshEnded(reason: string | null): void
  /** An account's token is no longer served, because of a failure of this class. */
  accountInvalid(app: string, failureClass: string): void
}

export type ServedFrom = 'memory' | 'storage' | 'refresh'

export const unobserved: Observer = {
  served() {},
  coalesced() {},
  lostSave() {},
  warned() {},
  raceRecovered() {},
  inDoubt() {},
  eventSetAside() {},
  unreadable() {},
  answerKept() {},
  attemptEnded() {},
  refreshEnded() {},
  accountInvalid() {},
}
