import type { AccountState } from './account-context.ts'

/** A grant takes the place of the one before, perhaps that of another person. */
function adopt<const S extends AccountState, const T extends AccountState>(from: S, state: T) {
  return [
    { type: 'adoptGrant', params: { from } },
    'storeTokens',
    { type: 'announceUserChanged', params: { state } },
  ] as const
}

/** Events handled in every state. */
export function always<const S extends AccountState>(from: S) {
  return {
    'account.authorized': [
      {
        guard: 'bringsAccessToken',
        target: '#account.valid',
        actions: [...adopt(from, 'valid'), 'announceRefreshed'],
      },
      { target: '#account.expiring', actions: adopt(from, 'expiring') },
    ],
    'account.updated': { guard: 'hasGrant', actions: 'adoptSettings' },
    'keys.rotated': { guard: 'hasGrant', actions: 'resealTokens' },
    'account.removed': {
      guard: 'hasGrant',
      target: '#account.expiring',
      actions: ['announceRemoved', 'forgetTokens', 'forget'],
    },
    'grant.revoked': {
      guard: 'isNewReport',
      target: '#account.revoked',
      actions: { type: 'revokeAsReported', params: { from } },
    },
  } as const
}

/** Stores a second token; the account keeps its state. */
export function forResource<const S extends AccountState>(from: S) {
  const store = <const T extends AccountState>(state: T) =>
    [
      { type: 'storeAnswer', params: { from } },
      'storeTokens',
      { type: 'announceResource', params: { state } },
    ] as const
  if (from !== 'refreshing') return [{ guard: 'answersForResource', actions: store(from) }] as const
  return [
    { guard: 'answersUndisturbed', target: '#account.valid', actions: store('valid') },
    { guard: 'answersForResource', target: '#account.expiring', actions: store('expiring') },
  ] as const
}

/** An answer to the current refresh token is accepted, whatever happened to its attempt. */
export function answered<const S extends AccountState>(from: S) {
  return {
    'refresh.succeeded': [
      ...forResource(from),
      {
        guard: 'answersCurrentToken',
        target: '#account.valid',
        actions: [
          { type: 'storeAnswer', params: { from } },
          'storeTokens',
          'clearInvalid',
          'announceRefreshed',
        ],
      },
      { guard: 'answersPreviousToken', actions: 'keepSibling' },
    ],
  } as const
}

/** Announces that the grant expires soon. */
export function warn<const S extends AccountState>(state: S) {
  return { guard: 'nearsItsEnd', actions: { type: 'warnOfEnd', params: { state } } } as const
}

/** Starts a refresh; the save of this transition is the write-ahead intent. */
export function begin<const S extends AccountState>(from: S, probe = false) {
  return [{ type: 'startAttempt', params: { from, probe } }, 'sendRefresh'] as const
}

/** Replaces a rejected token, which is not served until then. */
export function replace<const S extends AccountState>(from: S) {
  return ['spendFromBucket', 'noteRejection', ...begin(from)] as const
}

/** A rejected token that cannot be replaced. */
export function refuse<const S extends AccountState>(from: S) {
  return [
    {
      guard: 'confirmsRejection',
      target: '#account.revoked',
      actions: { type: 'revokeAsRejected', params: { from } },
    },
    { guard: 'isFreshRejection', actions: 'withhold' },
  ] as const
}

/** Fetches a second token on request. */
export function fetch<const S extends AccountState>(from: S) {
  return [
    {
      guard: 'forcesResource',
      target: '#account.refreshing',
      actions: ['spendFromBucket', ...begin(from)],
    },
    { guard: 'fetchesResource', target: '#account.refreshing', actions: begin(from) },
  ] as const
}
