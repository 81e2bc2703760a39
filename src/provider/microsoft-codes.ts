import type { ErrorRow } from './classified.ts'

const reconnect = 'ask the user to reconnect'
const signIn = 'ask the user to sign in again'
const administrator = "ask the user's administrator"

/** Entra ID's AADSTS numbers, as they come in `error_codes`. */
export const microsoftCodes: readonly (ErrorRow & { readonly codes: readonly number[] })[] = [
  { codes: [7000222], class: 'P', reason: 'client_secret_expired', action: 'add a new client secret' },
  { codes: [7000215, 70002], class: 'P', reason: 'client_secret_wrong', action: 'correct the client secret' },
  {
    codes: [700027, 50012, 700030],
    class: 'P',
    reason: 'client_assertion_rejected',
    action: "renew the app's certificate",
  },
  {
    codes: [700016, 700011],
    class: 'P',
    reason: 'app_not_found',
    action: 'register or consent to the app in the tenant',
  },
  {
    codes: [650051, 650052, 7000229],
    class: 'S',
    reason: 'app_not_in_tenant',
    action: `${administrator} to add the app to the tenant`,
  },
  { codes: [70001, 7000112], class: 'P', reason: 'app_disabled', action: 'enable the app in the tenant' },
  {
    codes: [7000218, 700025, 50194, 90002, 900971],
    class: 'C',
    reason: 'misconfigured',
    action: "compare the app's settings with its registration",
  },
  { codes: [700082, 70008], class: 'A', reason: 'inactive', action: reconnect },
  {
    codes: [700084],
    class: 'A',
    reason: 'max_lifetime',
    action: `${reconnect}; register the app's redirect URI as web, not as single-page`,
  },
  { codes: [50173], class: 'A', reason: 'password_changed', action: reconnect },
  { codes: [50089, 50132, 50133], class: 'R', reason: 'sessions_revoked', action: reconnect },
  { codes: [70000], class: 'R', reason: 'grant_revoked', action: reconnect },
  { codes: [65001, 65004, 650056], class: 'A', reason: 'consent_withdrawn', action: reconnect },
  {
    codes: [90094, 90095, 90008],
    class: 'S',
    reason: 'admin_consent_required',
    action: `${administrator} to consent to the app`,
  },
  { codes: [70043], class: 'S', reason: 'sign_in_frequency', action: signIn },
  { codes: [50072, 50074, 50076, 50078, 50079, 500121], class: 'S', reason: 'mfa_required', action: signIn },
  {
    codes: [53000, 53001, 53002, 53003, 530032, 530035, 50131, 50158],
    class: 'S',
    reason: 'policy_changed',
    action: `${administrator} about conditional access`,
  },
  { codes: [50057], class: 'S', reason: 'user_disabled', action: `${administrator} to enable the user` },
  {
    codes: [50053, 50055, 50144, 53011],
    class: 'S',
    reason: 'user_blocked',
    action: `${administrator} to unblock the user`,
  },
  {
    codes: [50105],
    class: 'S',
    reason: 'user_not_assigned',
    action: `${administrator} to assign the user to the app`,
  },
  { codes: [50020, 16000, 50034, 51004, 90072], class: 'A', reason: 'user_not_found', action: reconnect },
  {
    codes: [50196],
    class: 'T',
    reason: 'loop_detected',
    action: 'find out who asks for this account in a loop',
    retryAfter: 300,
    alarm: true,
  },
  {
    codes: [90055, 50166, 50033, 50087, 50088, 90006, 90012, 90024, 90033, 90090, 90091, 70012, 40010],
    class: 'T',
    reason: 'provider_unavailable',
    action: 'wait',
  },
  {
    codes: [70011, 28000, 28002, 28003, 700022, 700023, 65005, 650057, 500011],
    class: 'C',
    reason: 'scope_rejected',
    action: 'fix the scopes of the app',
  },
]
