export interface RealServer {
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly revocationUrl?: string
  /** Where the server chooses them itself. */
  readonly client?: Client
  /** Of a person who has signed in already. */
  readonly cookie?: string
  /** The client gets another secret, and the old one is refused. */
  setSecret?(secret: string): void | Promise<void>
  newSecret?(): Promise<string>
  /** The person takes back what was granted. */
  revoke(): void | Promise<void>
  close(): void | Promise<void>
}

export interface Client {
  readonly id: string
  readonly secret: string
}

export interface Starting {
  readonly client: Client
  readonly redirectUri: string
  readonly scopes: readonly string[]
}

/** What was seen of a server, for the page in docs/ and to notice when it changes. */
export interface Known {
  readonly name: string
  /** Beyond the defaults; none for most. */
  readonly settings?: object
  /** Where it is not what was asked for. */
  readonly granted?: readonly string[]
  /** A refresh token that somebody else spends once more. */
  readonly reuse: 'is accepted' | 'is refused' | 'ends the grant'
  readonly lostAnswer: 'is retried' | `ends in ${string}`
  readonly wrongSecret: 'app becomes secret-expired' | 'is published as app.refused' | 'is accepted'
  readonly death: string
  readonly revokes: boolean
}

export const realServers: readonly Known[] = [
  {
    name: 'oidc-provider',
    reuse: 'ends the grant',
    lostAnswer: 'ends in refresh_interrupted',
    wrongSecret: 'app becomes secret-expired',
    death: 'grant_revoked',
    revokes: true,
  },
  {
    name: 'node-oauth2-server',
    reuse: 'is refused',
    lostAnswer: 'ends in refresh_interrupted',
    wrongSecret: 'app becomes secret-expired',
    death: 'grant_revoked',
    revokes: false,
  },
  {
    name: 'ts-oauth2-server',
    reuse: 'is refused',
    lostAnswer: 'ends in refused_in_unknown_words',
    wrongSecret: 'app becomes secret-expired',
    death: 'refused_in_unknown_words',
    revokes: true,
  },
  {
    name: 'better-auth',
    reuse: 'ends the grant',
    lostAnswer: 'ends in refresh_interrupted',
    wrongSecret: 'app becomes secret-expired',
    death: 'grant_revoked',
    revokes: true,
  },
  {
    name: 'django-oauth-toolkit',
    reuse: 'is refused',
    lostAnswer: 'ends in refresh_interrupted',
    wrongSecret: 'app becomes secret-expired',
    death: 'grant_revoked',
    revokes: true,
  },
  {
    name: 'doorkeeper',
    reuse: 'is accepted',
    lostAnswer: 'is retried',
    wrongSecret: 'app becomes secret-expired',
    death: 'grant_revoked',
    revokes: true,
  },
  {
    name: 'glewlwyd',
    reuse: 'is accepted',
    lostAnswer: 'is retried',
    wrongSecret: 'is published as app.refused',
    death: 'refused_in_unknown_words',
    revokes: false,
  },
  {
    name: 'lemonldap-ng',
    granted: ['openid'],
    reuse: 'is accepted',
    lostAnswer: 'is retried',
    wrongSecret: 'app becomes secret-expired',
    death: 'refused_in_unknown_words',
    revokes: false,
  },
  {
    name: 'openauth',
    settings: { clientAuth: 'client_secret_post' },
    reuse: 'is accepted',
    lostAnswer: 'is retried',
    wrongSecret: 'is accepted',
    death: 'grant_revoked',
    revokes: false,
  },
  {
    name: 'oauth2-mock-server',
    // It grants `dummy`, unless a scope stands in the token request.
    settings: {
      tokenParams: { scope: 'openid offline_access' },
      refreshParams: { scope: 'openid offline_access' },
    },
    reuse: 'is accepted',
    lostAnswer: 'is retried',
    wrongSecret: 'is accepted',
    death: 'grant_revoked',
    revokes: true,
  },
]

/** Its line in docs/providers.md. */
export function lineOf({ name, settings, reuse, lostAnswer, wrongSecret, death, revokes }: Known): string {
  const cells = [
    `\`${name}\``,
    settings === undefined
      ? 'none'
      : Object.keys(settings)
          .map((each) => `\`${each}\``)
          .join(', '),
    reuse,
    lostAnswer.replace(/[a-z]+_[a-z_]+/, (reason) => `\`${reason}\``),
    wrongSecret.replace(/app\.\w+|secret-expired/, (word) => `\`${word}\``),
    `\`${death}\``,
    revokes ? 'yes' : 'no',
  ]
  return `| ${cells.join(' | ')} |`
}

/** Undefined where it is not installed (npm ci --prefix test/real-servers). */
export async function startReal(name: string, starting: Starting): Promise<RealServer | undefined> {
  try {
    const { start } = await import(new URL(`./servers/${name}.js`, import.meta.url).href)
    return await start(starting)
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
