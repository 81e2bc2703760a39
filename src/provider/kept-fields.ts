import type { Secret } from '../common/secret.ts'
import type { Extra } from '../contract/account.ts'
import { parseAnswer } from './answer-schema.ts'
import type { AppConfig } from './app-config.ts'
import { decodeBody } from './decode-body.ts'
import type { Exchange } from './http.ts'
import type { Tokens } from './token-answer.ts'

/** The sources of kept fields, in order of precedence. */
export type KeptSource = Readonly<Record<string, unknown>> | undefined

export interface KeepFields {
  /** Paths of fields: names separated by dots. */
  readonly keep: readonly string[] | undefined
  readonly sources: readonly KeptSource[]
  /** Values that must not be returned under any name. */
  readonly secrets: readonly (string | undefined)[]
}

const longestValue = 1_024
/** RFC 7519 §3: a JWT, or the beginning of one. */
const likeJwt = /eyJ[\w-]{8,}\./
const shortestSecret = 8

/** The kept fields of a response. Values that are too long, not scalar, or may be tokens are left out. */
export function keptFields({ keep = [], sources, secrets }: KeepFields): Extra | undefined {
  const found = keep.flatMap((path) => {
    const value = sources.map((source) => valueAt(source, path)).find((each) => each !== undefined)
    return isPlain(value) && !isSecret(value, secrets) ? [[path, value] as const] : []
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

export interface KeptInAnswer {
  readonly exchange: Exchange
  readonly config: Pick<AppConfig, 'keep' | 'answer'>
  readonly answer: Pick<Tokens, 'accessToken' | 'refreshToken' | 'idToken'>
  /** The secrets sent with the request. */
  readonly spent: readonly (Secret | undefined)[]
}

export function keptInAnswer({ exchange, config, answer, spent }: KeptInAnswer): { readonly extra?: Extra } {
  if (config.keep === undefined || exchange.kind !== 'answered') return {}
  const { body, headers } = exchange
  const said = parseAnswer(withWholeIds(decodeBody({ body, encoding: headers['content-encoding'] })))
  const { accessToken, refreshToken, idToken } = answer
  const secrets = [accessToken, refreshToken, idToken, ...spent].map((each) => each?.reveal())
  const extra = keptFields({ keep: config.keep, sources: [said, insideOf(said, config)], secrets })
  return extra === undefined ? {} : { extra }
}

function insideOf(said: KeptSource, { answer: { path } = {} }: KeptInAnswer['config']): KeptSource {
  return path === undefined ? undefined : (valueAt(said, path) as KeptSource)
}

/** Large integer ids are kept as text, since a JSON number would be rounded. */
function withWholeIds(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?=\s*[,}\]])/g, (all) =>
    all[0] === '"' ? all : `"${all}"`,
  )
}

function valueAt(source: unknown, path: string): unknown {
  if (typeof source !== 'object' || source === null) return undefined
  if (Object.hasOwn(source, path)) return (source as Record<string, unknown>)[path] ?? undefined
  const dot = path.indexOf('.')
  const name = path.slice(0, dot)
  if (dot < 0 || !Object.hasOwn(source, name)) return undefined
  return valueAt((source as Record<string, unknown>)[name], path.slice(dot + 1))
}

function isPlain(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return value !== '' && Buffer.byteLength(value) <= longestValue
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

function isSecret(value: unknown, secrets: KeepFields['secrets']): boolean {
  if (typeof value !== 'string') return false
  const holds = (secret = '') =>
    value === secret || (secret.length >= shortestSecret && value.includes(secret))
  return likeJwt.test(value) || secrets.some(holds)
}
