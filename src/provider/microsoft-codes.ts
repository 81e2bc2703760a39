import { causedBy } from '../contract/reasons.ts'
import type { ErrorRow } from './classified.ts'

/** Entra ID's AADSTS numbers, as in `error_codes`. */
export const microsoftCodes: readonly (ErrorRow & { readonly codes: readonly number[] })[] = [
  { codes: [7000222], class: 'P', ...causedBy('client_secret_expired') },
  { codes: [7000215, 70002], class: 'P', ...causedBy('client_secret_wrong') },
  {
    codes: [700027, 50012, 700030],
    class: 'P',
    ...causedBy('client_assertion_rejected'),
  },
  {
    codes: [700016, 700011],
    class: 'P',
    ...causedBy('app_not_found', 'inTenant'),
  },
  {
    codes: [650051, 650052, 7000229],
    class: 'S',
    ...causedBy('app_not_in_tenant'),
  },
  { codes: [70001, 7000112], class: 'P', ...causedBy('app_disabled') },
  {
    codes: [7000218, 700025, 50194, 90002, 900971],
    class: 'C',
    ...causedBy('misconfigured'),
  },
  { codes: [700082, 70008], class: 'A', ...causedBy('inactive') },
  {
    codes: [700084],
    class: 'A',
    ...causedBy('max_lifetime'),
  },
  { codes: [50173], class: 'A', ...causedBy('password_changed') },
  { codes: [50089, 50132, 50133], class: 'R', ...causedBy('sessions_revoked') },
  { codes: [70000], class: 'R', ...causedBy('grant_revoked') },
  { codes: [65001, 65004, 650056], class: 'A', ...causedBy('consent_withdrawn') },
  {
    codes: [90094, 90095, 90008],
    class: 'S',
    ...causedBy('admin_consent_required'),
  },
  { codes: [70043], class: 'S', ...causedBy('sign_in_frequency') },
  { codes: [50072, 50074, 50076, 50078, 50079, 500121], class: 'S', ...causedBy('mfa_required') },
  {
    codes: [53000, 53001, 53002, 53003, 530032, 530035, 50131, 50158],
    class: 'S',
    ...causedBy('policy_changed', 'conditionalAccess'),
  },
  { codes: [50057], class: 'S', ...causedBy('user_disabled') },
  {
    codes: [50053, 50055, 50144, 53011],
    class: 'S',
    ...causedBy('user_blocked'),
  },
  {
    codes: [50105],
    class: 'S',
    ...causedBy('user_not_assigned'),
  },
  { codes: [50020, 16000, 50034, 51004, 90072], class: 'A', ...causedBy('user_not_found') },
  {
    codes: [50196],
    class: 'T',
    ...causedBy('loop_detected'),
    retryAfter: 300,
    alarm: true,
  },
  {
    codes: [90055, 50166, 50033, 50087, 50088, 90006, 90012, 90024, 90033, 90090, 90091, 70012, 40010],
    class: 'T',
    ...causedBy('provider_unavailable'),
  },
  {
    codes: [70011, 28000, 28002, 28003, 700022, 700023, 65005, 650057, 500011],
    class: 'C',
    ...causedBy('scope_rejected'),
  },
]
