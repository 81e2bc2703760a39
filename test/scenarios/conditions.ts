import type { Scene } from './scene.ts'
import type { StageName, StandInOf } from './stages.ts'

/** What is done to the stand-in, by name, with the user; or something longer. */
type Act<N extends StageName> = (keyof StandInOf<N> & string) | ((scene: Scene<StandInOf<N>>) => unknown)

export interface Told {
  readonly reason: string
  readonly class: 'A' | 'S' | 'P'
  readonly recoverable: boolean
  readonly action: RegExp
  readonly inferred?: true
}

export interface Condition<N extends StageName = StageName> {
  readonly stage: N
  readonly condition: string
  readonly cause: Act<N>
  readonly told: Told
  /** Fixes the fault, if that needs no new consent. */
  readonly cure?: Act<N>
}

const told =
  (failureClass: Told['class'], usual: RegExp) =>
  (reason: string, action = usual): Told => ({
    reason,
    class: failureClass,
    recoverable: failureClass !== 'A',
    action,
  })
const dead = told('A', /^ask the user to reconnect/)
const inferred = (reason: string): Told => ({ ...dead(reason), inferred: true })
const parked = told('S', /^ask the user to sign in again/)
const blocked = told('S', /administrator/)
const appsFault = told('P', /secret/)

const at =
  <N extends StageName>(stage: N) =>
  (condition: string, cause: Act<N>, told: Told, cure?: Act<N>): Condition =>
    ({ stage, condition, cause, told, ...(cure && { cure }) }) as unknown as Condition

const gmail = at('gmail')
const testing = at('testedGmail')
const robot = at('gmailService')
const outlook = at('outlook')
const withKey = at('outlookWithKey')
const service = at('outlookService')
const mailRu = at('mailRu')
const oidc = at('oidc')

type Google = Scene<StandInOf<'gmail'>>
type Microsoft = Scene<StandInOf<'outlook'>>
const sixMonthsOff = (scene: Google) => scene.timePasses({ days: 184 })
const ninetyDaysOff = (scene: Microsoft) => scene.timePasses({ days: 91 })

/** Every condition of "What ends a grant", those that are the app's, and how the last of each is put right. */
export const conditions: readonly Condition[] = [
  gmail('the user removes the app', 'userRemovesApp', dead('grant_revoked')),
  gmail('nobody uses it for six months', sixMonthsOff, inferred('inactive')),
  gmail('the password is changed', 'userChangesPassword', dead('grant_revoked')),
  gmail('a hundred newer grants', 'userConsentsElsewhere', dead('grant_revoked')),
  gmail('consent for a week runs out', aWeekOfConsent, inferred('consent_expired')),
  testing('seven days in testing', aWeekInTesting, inferred('testing_mode_expired')),
  gmail('session control asks again', 'sessionControlAsksAgain', parked('reauth_required'), 'userIsWell'),
  gmail('a policy blocks the app', 'adminBlocksApp', blocked('policy_changed'), 'userIsWell'),
  gmail('the client is deleted', 'clientIsDeleted', appsFault('client_rejected', /again/), 'clientIsWell'),
  gmail('the client is disabled', 'clientIsDisabled', appsFault('client_rejected', /enable/), 'clientIsWell'),
  gmail('the secret is replaced', 'secretIsReplaced', appsFault('client_rejected'), 'secretIsBack'),
  robot('delegation ends', 'delegationEnds', appsFault('delegation_missing', /delegation/), 'adminDelegates'),

  outlook('the user removes consent', 'userRemovesConsent', dead('consent_withdrawn')),
  outlook('the app is disabled', 'adminDisablesApp', appsFault('app_disabled', /enable/), 'clientIsWell'),
  outlook('the app is removed', 'adminRemovesApp', appsFault('app_not_found', /tenant/), 'clientIsWell'),
  outlook('the password is reset', 'adminResetsPassword', dead('password_changed')),
  outlook('the user is disabled', 'adminDisablesUser', blocked('user_disabled'), 'userIsWell'),
  outlook('a policy blocks access', 'adminBlocksByPolicy', blocked('policy_changed'), 'userIsWell'),
  outlook('MFA is demanded', 'adminDemandsMfa', parked('mfa_required'), 'userIsWell'),
  outlook('MFA has to be set up', 'adminDemandsMfaEnrolment', parked('mfa_required'), 'userIsWell'),
  outlook('nobody uses it for 90 days', ninetyDaysOff, dead('inactive')),
  outlook('it is used for a year', aYearOfUse, dead('max_lifetime')),
  outlook('permissions of the app change', 'permissionsChange', dead('consent_withdrawn')),
  outlook('the user signs out everywhere', 'userSignsOutEverywhere', dead('sessions_revoked')),
  outlook('the secret expires', 'secretExpires', appsFault('client_secret_expired'), newSecret),
  outlook('the secret is removed', 'secretIsRemoved', appsFault('client_secret_wrong'), newSecret),
  withKey('the key is removed', 'keyIsRemoved', appsFault('client_assertion_rejected', /cert/), 'keyIsBack'),
  service('the secret expires', 'secretExpires', appsFault('client_secret_expired'), newSecret),
  service('the app is removed', 'adminRemovesApp', appsFault('app_not_found', /tenant/), 'clientIsWell'),

  mailRu('the user removes the app', 'userRemovesApp', dead('grant_revoked')),
  mailRu('the user is blocked', 'userIsBlocked', dead('grant_revoked')),
  mailRu('the secret is replaced', 'secretIsReplaced', appsFault('client_rejected'), 'secretIsBack'),

  oidc('the user removes the app', 'userRemovesApp', dead('grant_revoked')),
  oidc('the secret expires', 'secretExpires', appsFault('client_rejected'), secretOfSandbox),
]

async function aWeekOfConsent(scene: Google) {
  scene.standIn.consentEnds(scene.user, { days: 7 })
  await scene.forceRefresh()
  await scene.timePasses({ days: 8 })
}

async function aWeekInTesting(scene: Google) {
  scene.standIn.appIsInTesting()
  await scene.timePasses({ days: 6 })
  await scene.forceRefresh()
  await scene.timePasses({ days: 2 })
}

async function aYearOfUse(scene: Microsoft) {
  for (let quarter = 0; quarter < 4; quarter++) {
    await scene.timePasses({ days: 89 })
    await scene.forceRefresh()
  }
  await scene.timePasses({ days: 10 })
}

function newSecret({ standIn, tokenbus, app }: Microsoft) {
  return tokenbus.request(`app.secret.add.${app}`, { secret: standIn.secretIsAdded() })
}

function secretOfSandbox({ standIn, tokenbus, app }: Scene<StandInOf<'oidc'>>) {
  return tokenbus.request(`app.secret.add.${app}`, { secret: standIn.control.newSecret().reveal() })
}
