import { keptSecrets } from '../admin/apps.ts'
import { exportContent } from '../common/export-content.ts'
import { toAppPut } from '../provider/app-settings.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import type { Grant, LeftOut } from './exportable.ts'
import type { StoredAccount, StoredApp } from './read-stored.ts'

export interface ShapeOptions {
  readonly withAppSecrets: boolean
  /** The name of an app in the other program. */
  nameOf(app: string): string
}

/** The format of the rows for the importing program. They contain secrets in clear text, and are encrypted next. */
export interface Shape {
  readonly content: string
  /** Absent if apps must be set up manually in the other program. */
  app?(app: StoredApp): object
  account(account: StoredAccount & { readonly grant: Grant }): object | LeftOut
}

export type ShapeName = 'tokenbus' | 'nango' | 'emailengine'

export const shapes: Readonly<Record<ShapeName, (options: ShapeOptions) => Shape>> = {
  /** The payloads of `app.put` and `account.put`. */
  tokenbus: ({ withAppSecrets }) => ({
    content: exportContent,
    app({ config, secrets }) {
      const kept = keptSecrets(secrets, {}).secrets ?? []
      const revealed = kept.map((each) => ({ ...each, secret: each.secret.reveal() }))
      return {
        ...toAppPut(config),
        app: config.app,
        ...(revealed.length > 0 && (withAppSecrets ? { secrets: revealed } : { secretsLeftOut: true })),
      }
    },
    account({ id, context, metadata, extra, grant }) {
      const { grantEndsAt, subject, params } = context
      return {
        account: id,
        app: context.app,
        user: context.user,
        ...(subject !== null && { subject }),
        ...tokensOf(grant),
        ...(grantEndsAt !== null && { grantExpires: new Date(grantEndsAt).toISOString() }),
        scopes: context.scopes,
        policy: context.policy,
        ...(metadata !== undefined && { metadata }),
        ...(Object.keys(params).length > 0 && { params }),
        ...(extra && { extra }),
      }
    },
  }),
  /** The body of Nango's `POST /connections`, which requires an access token, even an expired one. */
  nango: ({ nameOf }) => ({
    content: 'nango-connections',
    account({ id, context, metadata, extra, tokens, app, grant: { refreshToken, expires } }) {
      if (!spendsRefreshToken(app.config)) return { skip: 'it has no grant of its own' }
      const accessToken = tokens?.accessToken
      if (accessToken === undefined)
        return { fail: 'Nango requires an access token: refresh the account first' }
      return {
        connection_id: id,
        provider_config_key: nameOf(context.app),
        credentials: {
          type: 'OAUTH2',
          access_token: accessToken.reveal(),
          ...(refreshToken && { refresh_token: refreshToken.reveal() }),
          ...(expires !== null && { expires_at: expires }),
        },
        ...(metadata !== undefined && { metadata }),
        ...(extra && { connection_config: extra }),
      }
    },
  }),
  /** The body of EmailEngine's `POST /v1/account`. */
  emailengine: ({ nameOf }) => ({
    content: 'emailengine-accounts',
    account: ({ id, context: { app, user }, grant }) => ({
      account: id,
      name: user,
      email: user,
      oauth2: { provider: nameOf(app), auth: { user }, ...tokensOf(grant) },
    }),
  }),
}

function tokensOf({ refreshToken, accessToken, expires }: Grant) {
  return {
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    ...(accessToken && { accessToken: accessToken.reveal(), expires }),
  }
}
