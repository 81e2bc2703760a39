import { z } from 'zod'
import { type AccountPut, accountPutSchema } from '../contract/account.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { idSchema, newIdSchema, textSchema } from '../contract/fields.ts'
import type { KnownAccount } from '../contract/tokenbus.ts'

const { user, accessToken, refreshToken, expires, scopes, policy, metadata, params, extra, ifVersion } =
  accountPutSchema.shape

const oauth2Schema = z.object({
  provider: idSchema.optional().describe('the app'),
  auth: z.object({ user }).optional(),
  accessToken,
  refreshToken,
  expires,
  scopes,
  authorize: z.boolean().optional().describe('return the URL of the consent page instead'),
  redirectUrl: z.string().max(2_048).optional().describe('with authorize: the URL to redirect to afterwards'),
  partial: z.boolean().optional().describe('keep the fields that are not given'),
})

/** For the consent that `oauth2.authorize` starts. */
const consent = {
  expectedEmail: textSchema(320).optional(),
  allowOtherUser: z.boolean().optional(),
}
const about = {
  name: textSchema(256).or(z.literal('')).optional(),
  email: textSchema(320).or(z.literal('')).optional(),
  policy,
  metadata,
  params,
  extra,
  ifVersion,
}

/** EmailEngine's format; `imap`, `smtp` and other fields are ignored. */
export const accountRegisterSchema = z.object({
  account: newIdSchema.nullish(),
  ...about,
  ...consent,
  oauth2: oauth2Schema,
})
export const accountChangeSchema = z.object({ ...about, oauth2: oauth2Schema.optional() })

/** Converts such a body to a put. A partial body keeps the fields of an existing account that it does not name. */
export function accountPutOf(
  {
    name,
    email,
    policy: wanted,
    metadata: facts,
    params,
    extra,
    ifVersion: seen,
    oauth2,
  }: z.output<typeof accountChangeSchema>,
  known: KnownAccount | undefined,
): Result<AccountPut> {
  const kept = oauth2 === undefined || oauth2.partial ? known : undefined
  const {
    provider: app = kept?.app,
    auth,
    partial: _,
    authorize: __,
    redirectUrl: ___,
    ...grant
  } = oauth2 ?? {}
  const who = auth?.user ?? kept?.user ?? email
  if (app === undefined) return fail('bad_request', 'oauth2.provider: required: the id of an app')
  if (who === undefined) return fail('bad_request', 'oauth2.auth.user: required: the user of the account')
  const about = {
    ...facts,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
  }
  const said = facts !== undefined || name !== undefined || email !== undefined
  return ok({
    ...grant,
    app,
    user: who,
    ...(seen !== undefined && { ifVersion: seen }),
    ...(wanted && { policy: wanted }),
    ...Object.fromEntries(Object.entries({ params, extra }).filter(([, each]) => each !== undefined)),
    ...(said && { metadata: about }),
  } as AccountPut)
}
