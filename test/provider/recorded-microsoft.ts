import type { FailureClass } from '../../src/provider/classified.ts'
import { type Recorded, said } from './recorded.ts'

const trace = '5b1b5a4f-3a6e-4f0b-9d54-3f6f6b1c2d00'
const guid = '72f988bf-86f1-41af-91ab-2d7cd011db47'

interface Body {
  readonly code: number
  readonly error: string
  readonly more?: object
}

/** As Entra ID's token endpoint writes it. */
function body({ code, error, more }: Body) {
  return {
    error,
    error_description: `AADSTS${code}: A sentence for people. Trace ID: ${trace} Correlation ID: ${guid}`,
    error_codes: [code],
    timestamp: '2026-11-25 01:40:17Z',
    trace_id: trace,
    correlation_id: guid,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    ...more,
  }
}

type Row = readonly [error: string, codes: readonly number[], failureClass: FailureClass, reason: string]

const table: readonly Row[] = [
  ['invalid_client', [7000222], 'P', 'client_secret_expired'],
  ['invalid_client', [7000215, 70002], 'P', 'client_secret_wrong'],
  ['invalid_client', [700027, 50012, 700030], 'P', 'client_assertion_rejected'],
  ['unauthorized_client', [700016, 700011], 'P', 'app_not_found'],
  ['unauthorized_client', [70001, 7000112], 'P', 'app_disabled'],
  ['invalid_client', [7000218, 700025], 'C', 'misconfigured'],
  ['invalid_request', [50194, 90002, 900971], 'C', 'misconfigured'],
  ['invalid_grant', [700082, 70008], 'A', 'inactive'],
  ['invalid_grant', [700084], 'A', 'max_lifetime'],
  ['invalid_grant', [50173], 'A', 'password_changed'],
  ['invalid_grant', [50089, 50132, 50133], 'R', 'sessions_revoked'],
  ['invalid_grant', [70000], 'R', 'grant_revoked'],
  ['invalid_grant', [65001, 65004], 'A', 'consent_withdrawn'],
  ['invalid_client', [650056], 'A', 'consent_withdrawn'],
  ['invalid_grant', [90094, 90095, 90008], 'S', 'admin_consent_required'],
  ['invalid_grant', [70043], 'S', 'sign_in_frequency'],
  ['interaction_required', [50072, 50074, 50076, 50078, 50079], 'S', 'mfa_required'],
  ['invalid_grant', [500121], 'S', 'mfa_required'],
  ['interaction_required', [53000, 53001, 53002, 53003, 530032, 530035, 50158], 'S', 'policy_changed'],
  ['invalid_grant', [50131], 'S', 'policy_changed'],
  ['invalid_grant', [50057], 'S', 'user_disabled'],
  ['invalid_grant', [50053, 50055, 50144, 53011], 'S', 'user_blocked'],
  ['invalid_grant', [50105], 'S', 'user_not_assigned'],
  ['invalid_grant', [50020, 16000, 50034, 51004, 90072], 'A', 'user_not_found'],
  ['temporarily_unavailable', [90055, 50166, 50033, 90006, 90012, 90024, 90033], 'T', 'provider_unavailable'],
  ['invalid_grant', [50087, 50088, 90090, 90091, 70012, 40010], 'T', 'provider_unavailable'],
  ['invalid_scope', [70011, 28000, 28002, 28003, 700022, 700023], 'C', 'scope_rejected'],
  ['invalid_resource', [65005, 650057, 500011], 'C', 'scope_rejected'],
]

const byNumber: Recorded[] = table.flatMap(([error, codes, failureClass, reason]) =>
  codes.map((code) => ({
    title: `Microsoft ${code}`,
    provider: 'outlook' as const,
    ...said(error === 'invalid_client' ? 401 : 400, body({ code, error })),
    is: { class: failureClass, reason, error, codes: [code] },
  })),
)

const suberrors: Recorded[] = (
  [
    ['message_only', 'S', 'interaction_required'],
    ['additional_action', 'S', 'interaction_required'],
    ['basic_action', 'S', 'interaction_required'],
    ['user_password_expired', 'S', 'password_expired'],
    ['consent_required', 'S', 'consent_required'],
    ['bad_token', 'A', 'grant_revoked'],
  ] as const
).map(([suberror, failureClass, reason]) => ({
  title: `Microsoft suberror ${suberror}, with a number nobody knows`,
  provider: 'outlook',
  ...said(400, body({ code: 9_999_999, error: 'invalid_grant', more: { suberror } })),
  is: { class: failureClass, reason, suberror },
}))

const claims =
  '{"access_token":{"capolids":{"essential":true,"values":["72f988bf-86f1-41af-91ab-2d7cd011db47"]}}}'

const particular: Recorded[] = [
  {
    title: 'Microsoft 50173 with suberror bad_token: the number tells more',
    provider: 'outlook',
    ...said(400, body({ code: 50173, error: 'invalid_grant', more: { suberror: 'bad_token' } })),
    is: { class: 'A', reason: 'password_changed', suberror: 'bad_token' },
  },
  {
    title: 'Microsoft 50196, a loop of ours',
    provider: 'outlook',
    ...said(400, body({ code: 50196, error: 'invalid_grant' })),
    is: { class: 'T', reason: 'loop_detected', retryAfter: 300, alarm: true },
  },
  {
    title: 'Microsoft 50076 with claims for the consent page',
    provider: 'outlook',
    ...said(
      400,
      body({ code: 50076, error: 'interaction_required', more: { suberror: 'basic_action', claims } }),
    ),
    is: { class: 'S', reason: 'mfa_required', claims },
  },
  {
    title: 'Microsoft: claims that are none',
    provider: 'outlook',
    ...said(
      400,
      body({
        code: 50076,
        error: 'interaction_required',
        more: { claims: `{"access_token":"${'Zq3'.repeat(15)}"}` },
      }),
    ),
    is: { class: 'S', reason: 'mfa_required', claims: undefined },
  },
  {
    title: 'Microsoft 28000, scopes of two APIs: as wrong for a grant that has worked as for any',
    provider: 'outlook',
    workedBefore: true,
    ...said(
      400,
      body({
        code: 28_000,
        error: 'invalid_scope',
        more: {
          error_description:
            'AADSTS28000: Provided value for the input parameter scope is not valid because it contains more than one resource. Scope https://graph.microsoft.com/Mail.Read https://outlook.office.com/IMAP.AccessAsUser.All is not valid.',
        },
      }),
    ),
    is: { class: 'C', reason: 'scope_rejected', error: 'invalid_scope', codes: [28_000] },
  },
  {
    title: 'Microsoft: a number nobody knows leaves the word',
    provider: 'outlook',
    ...said(400, body({ code: 1_234_567, error: 'invalid_grant' })),
    is: { class: 'R', reason: 'grant_revoked' },
  },
  {
    title: 'Microsoft: 503 with 50173 is not the grant’s',
    provider: 'outlook',
    ...said(503, body({ code: 50173, error: 'invalid_grant' })),
    is: { class: 'T', reason: 'provider_unavailable' },
  },
  {
    title: 'Microsoft: 429 with 50196 is the app’s',
    provider: 'outlook',
    ...said(429, body({ code: 50196, error: 'invalid_grant' }), { 'retry-after': '30' }),
    is: { class: 'T', reason: 'throttled', retryAfter: 30 },
  },
  {
    title: 'Microsoft: the sentence says another number than the list',
    provider: 'outlook',
    ...said(
      400,
      body({ code: 70000, error: 'invalid_grant', more: { error_description: 'AADSTS50173: revoked' } }),
    ),
    is: { class: 'R', reason: 'grant_revoked' },
  },
]

/** Every AADSTS number that means something to us, and each suberror. */
export const recordedMicrosoft: readonly Recorded[] = [...byNumber, ...suberrors, ...particular]
