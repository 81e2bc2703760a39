import { describe, it } from 'vitest'
import type { AppEvent } from '../../machines/index.ts'
import { day, minute, start } from '../../src/testing/index.ts'
import { app, appDue, broken, clientAccepted, secretsPut } from '../support/app-given.ts'

const put = { ...secretsPut({ one: null }, { fresh: false }), changed: true } as AppEvent
const enabledAgain = { ...put, enabledAgain: true } as AppEvent

describe('an app that is enabled again', () => {
  it('has all its accounts woken, once', () => {
    app(secretsPut({ one: null }))
      .when(enabledAgain)
      .then({ effects: [{ type: 'accounts.wake', all: true }] })
    app(secretsPut({ one: null }), enabledAgain, { type: 'accounts.woken', id: 'woken', at: start })
      .when(put)
      .then({ effects: [{ type: 'accounts.wake' }] })
  })

  it('has them woken once more, if the node that began to did not finish', () => {
    app(secretsPut({ one: null }), enabledAgain)
      .when(appDue(start + minute))
      .then({ effects: [{ type: 'accounts.wake', all: true }] })
  })

  it('while its secret is expired, once that is replaced', () => {
    app(...broken, enabledAgain)
      .when(clientAccepted('one', start + day))
      .then({
        state: 'healthy',
        effects: [{ type: 'app.secret-restored' }, { type: 'accounts.wake', all: true }],
      })
  })
})
