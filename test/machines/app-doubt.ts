import type { AppContext } from '../../machines/index.ts'
import { start } from '../../src/testing/index.ts'
import { clientAccepted, clientRejected, secretsPut, sent } from '../support/app-given.ts'

export const one = secretsPut({ one: null })
export const accepted = clientAccepted('one', start)
export const underQuestion = (at = start) => sent(at, 'rejected')
export const other = clientRejected({ grant: 'other', attempt: 'second', sent: underQuestion() })
export const unproven = clientRejected({ grant: 'other', sent: underQuestion(), workedBefore: false })
export const another = {
  attempt: 'second',
  grant: 'other',
  endpoint: 'endpoint',
  workedBefore: true,
  at: start,
}
export const contextOf = ({ context }: { context: unknown }) => context as AppContext
