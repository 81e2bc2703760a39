import type { Reply } from './strict-provider.ts'

/**
 * The errors of these providers for an ended grant (documentation, public reports); the others follow RFC 6749 §5.2.
 */
export const deadGrants: Readonly<Record<string, Reply>> = {
  atlassian: {
    status: 403,
    body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
  },
  slack: { status: 200, body: { ok: false, error: 'invalid_refresh_token' } },
  hubspot: {
    status: 400,
    body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' },
  },
  fitbit: { status: 400, body: { errors: [{ errorType: 'invalid_grant' }], success: false } },
  facebook: { status: 400, body: { error: { type: 'OAuthException', code: 190 } } },
  zoom: { status: 400, body: { reason: 'Invalid Token!', error: 'invalid_grant' } },
  zoho: { status: 200, body: { error: 'invalid_code' } },
  twitch: { status: 400, body: { error: 'Bad Request', status: 400, message: 'Invalid refresh token' } },
}
