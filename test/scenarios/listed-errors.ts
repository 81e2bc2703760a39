import type { FailureClass } from '../../machines/index.ts'
import { aadsts } from '../support/stand-ins/aadsts.ts'
import type { Denial } from '../support/stand-ins/denial.ts'
import type { StageName } from './stages.ts'

/** A provider's response to a token request, and its expected meaning. */
export interface ListedError {
  readonly stage: StageName
  readonly error: string
  readonly denials: readonly Denial[]
  readonly class: FailureClass
  readonly reason: string
  /** Only once the same grant has been refreshed. */
  readonly workedBefore?: true
}

type Meaning = Pick<ListedError, 'class' | 'reason' | 'workedBefore'>
type Row = Omit<ListedError, 'stage'>

const word = (error: string, more: object = {}, status = 400): Denial => ({
  status,
  body: { error, ...more },
})
const says = (error: string, meaning: Meaning, denial = word(error)): Row => ({
  error,
  denials: [denial],
  ...meaning,
})
const page = (status: number): Row => ({
  error: String(status),
  denials: [{ status, headers: { 'content-type': 'text/html' }, body: { error: 'invalid_grant' } }],
  class: 'T',
  reason: status === 429 ? 'throttled' : 'provider_unavailable',
})

/** RFC 6749 §5.2 and OpenID Connect Core §3.1.2.6. */
const generic: readonly Row[] = [
  says('invalid_grant', { class: 'R', reason: 'grant_revoked' }),
  says('invalid_client', { class: 'P', reason: 'client_rejected' }, word('invalid_client', {}, 401)),
  says('unauthorized_client', { class: 'C', reason: 'client_not_authorized' }),
  says('unauthorized_client', { class: 'P', reason: 'client_not_authorized', workedBefore: true }),
  says('invalid_scope', { class: 'C', reason: 'scope_rejected' }),
  says('invalid_scope', { class: 'A', reason: 'scope_rejected', workedBefore: true }),
  says('invalid_request', { class: 'C', reason: 'misconfigured' }),
  says('unsupported_grant_type', { class: 'C', reason: 'misconfigured' }),
  says('access_denied', { class: 'S', reason: 'access_denied' }),
  says('interaction_required', { class: 'S', reason: 'interaction_required' }),
  says('consent_required', { class: 'S', reason: 'consent_required' }),
  says('login_required', { class: 'S', reason: 'login_required' }),
  says('temporarily_unavailable', { class: 'T', reason: 'provider_unavailable' }),
  says('server_error', { class: 'T', reason: 'provider_unavailable' }),
  ...[408, 429, 500, 502, 503, 504].map(page),
]

const rapt = (error_subtype: string) => word('invalid_grant', { error_subtype })

const google: readonly Row[] = [
  says('invalid_grant', { class: 'R', reason: 'grant_revoked' }),
  says('invalid_rapt', { class: 'S', reason: 'reauth_required' }, rapt('invalid_rapt')),
  says('rapt_required', { class: 'S', reason: 'reauth_required' }, rapt('rapt_required')),
  says('admin_policy_enforced', { class: 'S', reason: 'policy_changed' }),
  says('org_internal', { class: 'S', reason: 'policy_changed' }),
  says('invalid_client', { class: 'P', reason: 'client_rejected' }, word('invalid_client', {}, 401)),
  says('deleted_client', { class: 'P', reason: 'client_rejected' }, word('deleted_client', {}, 401)),
  says('disabled_client', { class: 'P', reason: 'client_rejected' }, word('disabled_client', {}, 401)),
  says('rateLimitExceeded', { class: 'T', reason: 'throttled' }),
]

const robot: readonly Row[] = [
  says(
    'unauthorized_client',
    { class: 'P', reason: 'delegation_missing' },
    word('unauthorized_client', {}, 401),
  ),
  says('invalid_request', { class: 'C', reason: 'bad_service_account' }),
  says('rateLimitExceeded', { class: 'T', reason: 'throttled' }),
]

/** Numeric codes with the same meaning, and their error code. */
const codes = (numbers: readonly number[], meaning: Meaning, error = 'invalid_grant', status = 400): Row => ({
  error: numbers.join(', '),
  denials: numbers.map((number) => aadsts(number, 'Made up.', { error, status })),
  ...meaning,
})

/** Codes that do not concern a user, so client credentials can get them too. */
const microsoftApp: readonly Row[] = [
  codes([7000222], { class: 'P', reason: 'client_secret_expired' }, 'invalid_client', 401),
  codes([7000215, 70002], { class: 'P', reason: 'client_secret_wrong' }, 'invalid_client', 401),
  codes([700027, 50012, 700030], { class: 'P', reason: 'client_assertion_rejected' }, 'invalid_client', 401),
  codes([700016, 700011], { class: 'P', reason: 'app_not_found' }, 'unauthorized_client'),
  codes([70001, 7000112], { class: 'P', reason: 'app_disabled' }, 'unauthorized_client'),
  codes([7000218, 700025, 50194, 90002, 900971], { class: 'C', reason: 'misconfigured' }, 'invalid_request'),
  codes([90055, 50166, 50033, 50087, 50088], { class: 'T', reason: 'provider_unavailable' }),
  codes([90006, 90012, 90024, 90033, 90090, 90091], { class: 'T', reason: 'provider_unavailable' }),
  codes([70012, 40010], { class: 'T', reason: 'provider_unavailable' }, 'server_error'),
  codes([70011, 28000, 28002, 28003, 700022], { class: 'C', reason: 'scope_rejected' }, 'invalid_scope'),
  codes([700023, 65005, 650057, 500011], { class: 'C', reason: 'scope_rejected' }, 'invalid_resource'),
]

const microsoftUser: readonly Row[] = [
  codes([700082, 70008], { class: 'A', reason: 'inactive' }),
  codes([700084], { class: 'A', reason: 'max_lifetime' }),
  codes([50173], { class: 'A', reason: 'password_changed' }),
  codes([50089, 50132, 50133], { class: 'R', reason: 'sessions_revoked' }),
  codes([70000], { class: 'R', reason: 'grant_revoked' }),
  codes([65001, 65004, 650056], { class: 'A', reason: 'consent_withdrawn' }),
  codes([90094, 90095, 90008], { class: 'S', reason: 'admin_consent_required' }),
  codes([70043], { class: 'S', reason: 'sign_in_frequency' }),
  codes([50072, 50074, 50076], { class: 'S', reason: 'mfa_required' }),
  codes([50078, 50079, 500121], { class: 'S', reason: 'mfa_required' }, 'interaction_required'),
  codes([53000, 53001, 53002, 53003], { class: 'S', reason: 'policy_changed' }),
  codes([530032, 530035, 50131, 50158], { class: 'S', reason: 'policy_changed' }, 'interaction_required'),
  codes([50057], { class: 'S', reason: 'user_disabled' }),
  codes([50053, 50055, 50144, 53011], { class: 'S', reason: 'user_blocked' }),
  codes([50105], { class: 'S', reason: 'user_not_assigned' }),
  codes([50020, 16000, 50034, 51004, 90072], { class: 'A', reason: 'user_not_found' }),
  codes([50196], { class: 'T', reason: 'loop_detected' }),
]

/** Where there is no number that is known, the suberror decides. */
const suberrors: readonly Row[] = [
  ['message_only', 'S', 'interaction_required'] as const,
  ['additional_action', 'S', 'interaction_required'] as const,
  ['basic_action', 'S', 'interaction_required'] as const,
  ['user_password_expired', 'S', 'password_expired'] as const,
  ['consent_required', 'S', 'consent_required'] as const,
  ['bad_token', 'A', 'grant_revoked'] as const,
].map(([suberror, failureClass, reason]) =>
  says(suberror, { class: failureClass, reason }, aadsts(1, 'Made up.', { suberror })),
)

const ofMailRu: readonly Row[] = [
  says(
    'invalid_client',
    { class: 'P', reason: 'client_rejected' },
    word('invalid_client', { error_code: 3 }, 401),
  ),
  says(
    'token not found',
    { class: 'R', reason: 'grant_revoked' },
    word('token not found', { error_code: 6 }),
  ),
  says('invalid_request', { class: 'R', reason: 'grant_revoked' }),
  says('access_denied', { class: 'R', reason: 'grant_revoked' }, word('access_denied', {}, 403)),
  page(502),
]

const at = (stage: StageName, rows: readonly Row[]) => rows.map((row) => ({ stage, ...row }))

export const listedErrors: readonly ListedError[] = [
  ...at('plain', generic),
  ...at('gmail', google),
  ...at('gmailService', robot),
  ...at('outlook', [...microsoftApp, ...microsoftUser, ...suberrors]),
  ...at('outlookService', microsoftApp),
  ...at('mailRu', ofMailRu),
]
