import { describe, it } from 'vitest'
import { accountMachine } from '../../machines/index.ts'
import { day, given, minute, refreshFailed, refreshSucceeded, timerDue } from '../../src/testing/index.ts'
import { account, dead, later, parked, refreshing } from '../support/account-given.ts'

const refused = refreshFailed({ at: later, class: 'S', reason: 'app_changed', settings: 3 })
const unsent = { ...refused, wakes: false as const }
const changed = (settings: number, at = later + minute) =>
  ({ type: 'app.changed', at, id: 'again', settings }) as const

describe('a grant that is refused because its app is another now', () => {
  it('is parked and told once; the number of the settings is nobody else’s business', () => {
    const { effects, then } = account(...refreshing()).when(refused)
    then({ state: 'revoked', effects: [{ type: 'token.invalid', reason: 'app_changed', class: 'S' }] })
    if ('settings' in (effects[0] as object)) throw new Error('the event tells the settings')
  })
  it('as any other grant that is parked under settings which are known', () => {
    account(...refreshing(), { ...refused, reason: 'refused_for_this_grant' })
      .when(changed(4))
      .then({ state: 'refreshing' })
  })
  it('looks once a day where it was sent, and never where it was not', () => {
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
  it('is tried again when the app is changed, under each settings once', () => {
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
  it('comes back with what it tells others it was before', () => {
    account(...again)
      .when(refreshSucceeded({ at: later + minute, attempt: 'again' }))
      .then({
        state: 'valid',
        effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }],
        context: { invalid: null },
      })
  })
  it('keeps trying when that fails for the moment, and serves nothing meanwhile', () => {
    account(...again)
      .when(refreshFailed({ at: later + minute, attempt: 'again' }))
      .then({ state: 'expiring', context: { invalid: { reason: 'app_changed' } } })
  })
  it('refused again for the same reason is parked under the newer settings, and nobody is told twice', () => {
    const twice = { ...unsent, at: later + minute, attempt: 'again', settings: 4 }
    const { then, after } = account(...again).when(twice)
    then({ state: 'revoked', effects: [], context: { wakeAt: null } })
    given(accountMachine, after)
      .when(changed(4, later + 2 * minute))
      .thenNothing()
  })
  it('dies when it is refused where it had worked', () => {
    account(...again)
      .when(refreshFailed({ at: later + minute, attempt: 'again', class: 'R', reason: 'grant_revoked' }))
      .then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'A' }] })
  })
})

describe('a change of the app', () => {
  it('is nothing to who is dead, or parked for another reason', () => {
    account(...dead)
      .when(changed(4))
      .thenNothing()
    account(...parked)
      .when(changed(4))
      .thenNothing()
  })
})
