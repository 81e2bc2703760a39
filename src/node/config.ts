import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { replyPrefixesSchema } from '../bus/reply-prefixes.ts'
import { StartError } from '../common/start-error.ts'
import { publicUrlSchema } from '../http/public-url.ts'
import { trustedProxiesSchema } from '../http/trusted-proxies.ts'
import { type OutgoingProxies, proxiesOf, proxyVariables } from '../provider/outgoing-proxies.ts'

const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const origins = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine(
    (each) => each.every(isOrigin),
    'must be origins such as https://app.example.com, separated by commas',
  )
const port = z.coerce.number().int().min(0).max(65_535)

/** `file:<path>` stands for the file's content, so that a URL with a password can be a mounted secret. */
const mountable = z
  .string()
  .min(1)
  .transform((text, check) => {
    if (!text.startsWith('file:')) return text
    const path = text.slice('file:'.length)
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      check.addIssue(`names the file ${path}, which cannot be read`)
      return z.NEVER
    }
  })
  .pipe(z.string().min(1, 'must not be empty'))

const audit = z
  .string()
  .transform((text, check) => {
    if (text === 'stderr' || text === 'off') return { to: text } as const
    const path = text.startsWith('file:') ? text.slice('file:'.length) : ''
    if (path !== '') return { to: 'file', path } as const
    check.addIssue('must be stderr, off or file:<path>')
    return z.NEVER
  })
  .default({ to: 'stderr' })

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

const schema = z.object({
  TOKENBUS_NATS_URL: mountable.optional(),
  TOKENBUS_NATS_CREDS: z.string().min(1).optional(),
  TOKENBUS_REDIS_URL: mountable.optional(),
  TOKENBUS_KEYS: z.string().min(1).optional(),
  TOKENBUS_REPLY_PREFIXES: replyPrefixesSchema.default([]),
  TOKENBUS_CALLER_RATE: z.coerce.number().int().min(0).max(10_000_000).default(20_000),
  TOKENBUS_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  TOKENBUS_HTTP_PORT: port.default(7070),
  TOKENBUS_PUBLIC_URL: publicUrlSchema.optional(),
  TOKENBUS_TRUSTED_PROXIES: trustedProxiesSchema.default([]),
  TOKENBUS_REDIRECT_ORIGINS: origins.default([]),
  TOKENBUS_ENABLE_TOKEN_API: flag.optional(),
  TOKENBUS_DATA_DIR: z.string().min(1).default('.tokenbus'),
  TOKENBUS_PARTITIONS: z.coerce.number().int().min(1).max(4_096).default(64),
  TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: flag.optional(),
  TOKENBUS_STREAM_REPLICAS: z.coerce.number().int().min(1).max(5).optional(),
  TOKENBUS_LEAVE_AFTER: z.coerce.number().min(0).max(60).optional(),
  TOKENBUS_CATALOGUE_DIR: z.string().min(1).optional(),
  TOKENBUS_CACHE_MB: z.coerce.number().int().min(1).max(65_536).default(128),
  TOKENBUS_AUDIT: audit,
  ...proxyVariables,
  TOKENBUS_CHECK_REPLIES: flag.optional(),
  TOKENBUS_LOG_LEVEL: z.enum(logLevels).default('info'),
})

export type Mode = 'dev' | 'serve' | 'cli'
/** The configuration of a node, from its environment (docs/configuration.md). */
export interface Config {
  /** What to run. */
  readonly mode: Mode
  /** `TOKENBUS_NATS_URL` */
  readonly natsUrl: string | undefined
  /** `TOKENBUS_NATS_CREDS` */
  readonly natsCreds: string | undefined
  /** `TOKENBUS_REDIS_URL` */
  readonly redisUrl: string | undefined
  /** `TOKENBUS_KEYS` */
  readonly keys: string | undefined
  /** `TOKENBUS_REPLY_PREFIXES` */
  readonly replyPrefixes: readonly string[]
  /** `TOKENBUS_CALLER_RATE`: requests per second */
  readonly callerRate: number
  /** `TOKENBUS_HTTP_HOST`, `TOKENBUS_HTTP_PORT` */
  readonly http: { readonly host: string; readonly port: number }
  /** `TOKENBUS_PUBLIC_URL` */
  readonly publicUrl: string | undefined
  /** `TOKENBUS_TRUSTED_PROXIES` */
  readonly trustedProxies: readonly string[]
  /** `TOKENBUS_REDIRECT_ORIGINS` */
  readonly redirectOrigins: readonly string[]
  /** `TOKENBUS_ENABLE_TOKEN_API`; undefined: the switch on the operators' page decides. */
  readonly enableTokenApi: boolean | undefined
  /** `TOKENBUS_DATA_DIR` */
  readonly dataDir: string
  /** `TOKENBUS_PARTITIONS` */
  readonly partitions: number
  /** `TOKENBUS_ALLOW_PRIVATE_ENDPOINTS` */
  readonly allowPrivateEndpoints: boolean
  /** `TOKENBUS_STREAM_REPLICAS` */
  readonly streamReplicas: number | undefined
  /** `TOKENBUS_LEAVE_AFTER`, in milliseconds */
  readonly leaveAfter: number
  /** `TOKENBUS_CATALOGUE_DIR` */
  readonly catalogueDir: string | undefined
  /** `TOKENBUS_CACHE_MB` */
  readonly cacheMb: number
  /** `TOKENBUS_AUDIT` */
  readonly audit: { readonly to: 'stderr' | 'off' } | { readonly to: 'file'; readonly path: string }
  /** `TOKENBUS_CHECK_REPLIES`: validate each reply against its schema; for tests only */
  readonly checkReplies: boolean
  /** `TOKENBUS_LOG_LEVEL` */
  readonly logLevel: LogLevel
  /** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` */
  readonly proxies: OutgoingProxies
}

/**
 * Reads the environment, once.
 *
 * @throws StartError naming the variable and the rule, never the value
 * @example
 * ```ts
 * const config = readConfig({ ...process.env, TOKENBUS_HTTP_PORT: '0' }, 'serve')
 * ```
 */
export function readConfig(env: Record<string, string | undefined>, mode: Mode): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(set)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new StartError(`${issue?.path.join('.')}: ${issue?.message}.`)
  }
  const read = parsed.data
  if (mode === 'serve') {
    const missing = (['TOKENBUS_NATS_URL', 'TOKENBUS_REDIS_URL', 'TOKENBUS_KEYS'] as const).filter(
      (name) => read[name] === undefined,
    )
    if (missing.length > 0) throw new StartError(`tokenbus serve needs ${missing.join(', ')}; set them.`)
  }
  return {
    mode,
    natsUrl: read.TOKENBUS_NATS_URL,
    natsCreds: read.TOKENBUS_NATS_CREDS,
    redisUrl: read.TOKENBUS_REDIS_URL,
    keys: read.TOKENBUS_KEYS,
    replyPrefixes: read.TOKENBUS_REPLY_PREFIXES,
    callerRate: read.TOKENBUS_CALLER_RATE,
    http: { host: read.TOKENBUS_HTTP_HOST, port: read.TOKENBUS_HTTP_PORT },
    publicUrl: read.TOKENBUS_PUBLIC_URL,
    trustedProxies: read.TOKENBUS_TRUSTED_PROXIES,
    redirectOrigins: read.TOKENBUS_REDIRECT_ORIGINS,
    enableTokenApi: read.TOKENBUS_ENABLE_TOKEN_API ?? (mode === 'dev' ? true : undefined),
    dataDir: read.TOKENBUS_DATA_DIR,
    partitions: read.TOKENBUS_PARTITIONS,
    allowPrivateEndpoints: read.TOKENBUS_ALLOW_PRIVATE_ENDPOINTS ?? mode === 'dev',
    streamReplicas: read.TOKENBUS_STREAM_REPLICAS,
    leaveAfter: (read.TOKENBUS_LEAVE_AFTER ?? (mode === 'serve' ? 3 : 0)) * 1_000,
    catalogueDir: read.TOKENBUS_CATALOGUE_DIR,
    cacheMb: read.TOKENBUS_CACHE_MB,
    audit: read.TOKENBUS_AUDIT,
    checkReplies: read.TOKENBUS_CHECK_REPLIES ?? false,
    logLevel: read.TOKENBUS_LOG_LEVEL,
    proxies: proxiesOf(read),
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}
