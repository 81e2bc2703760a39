/** What a node tells of its work, to whoever counts it. Called where it is hottest: nothing here throws, waits or allocates. */
export interface Observer {
  /** A token went out with so much life left, in milliseconds. */
  served(lifeLeft: number, from: ServedFrom): void
  /** A caller got what somebody else's refresh had brought. */
  coalesced(): void
  lostSave(): void
  /** It was announced that this ends soon. */
  warned(kind: 'grant-expiring' | 'secret-expiring'): void
  /** A refusal that looked like a grant's death was not one: it had already been refreshed. */
  raceRecovered(): void
  /** An attempt ended without its answer, which may have spent the refresh token. */
  inDoubt(): void
  /** An event was set aside: its stream will never take it. */
  eventSetAside(): void
  /** A record was met that only another node can read. */
  unreadable(kind: 'account' | 'app'): void
  /** An answer arrived and could not be made part of its account, through a fault of ours. */
  answerKept(): void
  /** `outcome` is `succeeded`, the class of the failure, `kept` (its answer, to be stored later), or `untold`. */
  attemptEnded(ended: { app: string; provider: string; outcome: string; milliseconds: number }): void
  /** An account's token is not served any more, for a failure of this class. */
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
  accountInvalid() {},
}
