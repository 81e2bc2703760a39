import { describe, it } from 'vitest'
import { accountMachine } from '../../machines/index.ts'
import { day, given, minute, refreshFailed, refreshSucceeded, timerDue } from '../../src/testing/index.ts'
import { account, dead, later, parked, refreshing } from '../support/account-given.ts'

const refused = refreshFailed({ at: later, class: 'S', reason: 'app_changed', settings: 3 })
const unsent = { ...refused, wakes: false as const }
const changed = (settings: number, at = later + minute) =>
  ({ type: 'app.changed', at, id: 'again', settings }) as const

describe('a grant that is refused because its app was changed', () => {
  it('is parked and announced once, without the revision of the settings', () => {
    const { effects, then } = account(...refreshing()).when(refused)
    then({ state: 'revoked', effects: [{ type: 'token.invalid', reason: 'app_changed', class: 'S' }] })
    if ('settings' in (effects[0] as object)) throw new Error('the event tells the settings')
  })
  it('is retried after a change of the settings if it is parked for another reason and the revision is known', () => {
    account(...refreshing(), { ...refused, reason: 'refused_for_this_grant' })
      .when(changed(4))
      .then({ state: 'refreshing' })
  })
  it('is probed daily if the refusal was an answer, and never if nothing was sent', () => {
    account(...refreshing(), refused)
      .when(timerDue({ at: later + day, id: 'probe' }))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { probe: true } }] })
    account(...refreshing())
      .when(unsent)
      .then({ state: 'revoked', context: { wakeAt: null } })
    account(...refreshing(), unsent)
      .when(timerDue({ at: later + 100 * day }))
      .thenNothing()
  })
  it('is retried once per revision of the app’s settings', () => {
    for (const past of [refused, unsent]) {
      account(...refreshing(), past)
        .when(changed(3))
        .thenNothing()
      account(...refreshing(), past)
        .when(changed(4))
        .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { probe: false } }] })
    }
  })

  const again = [...refreshing(), unsent, changed(4)]
  it('is announced as refreshed from revoked if the retry succeeds', () => {
    account(...again)
      .when(refreshSucceeded({ at: later + minute, attempt: 'again' }))
      .then({
        state: 'valid',
        effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }],
        context: { invalid: null },
      })
  })
  it('is retried after a temporary failure, and no token is served until it succeeds', () => {
    account(...again)
      .when(refreshFailed({ at: later + minute, attempt: 'again' }))
      .then({ state: 'expiring', context: { invalid: { reason: 'app_changed' } } })
  })
  it('is parked with the newer revision if refused again for the same reason, without a second event', () => {
    const twice = { ...unsent, at: later + minute, attempt: 'again', settings: 4 }
    const { then, after } = account(...again).when(twice)
    then({ state: 'revoked', effects: [], context: { wakeAt: null } })
    given(accountMachine, after)
      .when(changed(4, later + 2 * minute))
      .thenNothing()
  })
  it('is revoked for good if refused with an error about the grant', () => {
    account(...again)
      .when(refreshFailed({ at: later + minute, attempt: 'again', class: 'R', reason: 'grant_revoked' }))
      .then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'A' }] })
  })
})

describe('a change of the app', () => {
  it('does not affect revoked accounts, nor those parked for another reason', () => {
    account(...dead)
      .when(changed(4))
      .thenNothing()
    account(...parked)
      .when(changed(4))
      .thenNothing()
  })
})
