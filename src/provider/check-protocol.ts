import type { AppPut } from '../contract/app.ts'
import { placeholdersIn } from '../contract/protocol-settings.ts'
import type { AppConfig } from './app-config.ts'
import { hasConsentPage } from './grant-forms.ts'
import { urlFields } from './url-params.ts'
import { patternViolation } from './url-pattern.ts'

interface Asked {
  readonly put: AppPut
  /** The settings completed by the preset. */
  readonly config: AppConfig
}

type Violation = readonly [field: string, violation: string]
type Rule = (asked: Asked) => Violation | undefined

export const ofCode = [
  'pkce',
  'pkceMethod',
  'refreshParams',
  'refreshUrl',
  'refreshMethod',
  'refreshToken',
  'refreshWith',
  'exchangeUrl',
  'exchangeParams',
] as const
export const ofConsent = ['authorizeParams', 'redirectUri'] as const
const parameters = ['authorizeParams', 'tokenParams', 'refreshParams', 'exchangeParams'] as const

/** Parameters that authenticate the client, or bind a response to its request, must not be constants of an app. */
const reserved = new Set([
  'assertion',
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'refresh_token',
  'state',
])
/** Parameters that may be omitted for providers that reject them. */
const ofClient = new Set(['client_id', 'client_secret'])
/** Standard parameters, whose names must be distinct. */
const standard = [...reserved, 'grant_type', 'nonce', 'redirect_uri', 'response_type', 'scope']
const ofTransport = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** `token_type` says only how a token is sent. */
const secretName =
  /^(?!token_?type$).*(?:token|secret|password|assertion|credential|authorization|jwt)|^code$/i
const tokens = new Set(['access_token', 'refresh_token', 'id_token', 'client_secret'])

const rules: readonly Rule[] = [
  ({ put, config }) => {
    const { grant } = config
    if (grant === 'authorization_code') return undefined
    const meaningless = hasConsentPage(config) ? ofCode : [...ofCode, ...ofConsent]
    const field = meaningless.find((each) => put[each] !== undefined)
    return field && [field, `has no meaning for grant ${grant}`]
  },
  ({ put, config: { tokenMethod } }) =>
    tokenMethod === 'GET' && put.tokenBody !== undefined && put.tokenBody !== 'query'
      ? ['tokenBody', 'has no meaning with tokenMethod GET']
      : undefined,
  ({ put, config: { pkce } }) =>
    pkce === false && put.pkceMethod !== undefined
      ? ['pkceMethod', 'has no meaning with pkce false']
      : undefined,
  ({ put, config: { exchangeUrl } }) =>
    put.exchangeParams !== undefined && exchangeUrl === undefined
      ? ['exchangeParams', 'has no meaning without exchangeUrl']
      : undefined,
  ({ config }) => {
    const saidLater = Object.entries(config.urlParams ?? {}).filter(([, { from }]) => from !== undefined)
    const [first] = saidLater.map(([name]) => name)
    if (first === undefined) return undefined
    if (!hasConsentPage(config)) return ['urlParams', `${first}.from has no meaning without a consent page`]
    const early = saidLater.map(([name]) => name).find((name) => isAskedBefore(config, name))
    return early === undefined
      ? undefined
      : ['urlParams', `${early}.from comes after the consent page, which has {${early}} in it`]
  },
  ({ put, config: { clientAuth } }) =>
    clientAuth === 'none' && (put.clientSecret ?? put.secrets) !== undefined
      ? ['clientAuth', 'none must not have a secret']
      : undefined,
  ({ config: { tokenLife, maxTokenLife } }) =>
    tokenLife !== undefined && maxTokenLife !== undefined && tokenLife > maxTokenLife
      ? ['tokenLife', 'must not be longer than maxTokenLife']
      : undefined,
  ({ config: { urlParams = {} } }) => {
    const [violation] = Object.entries(urlParams).flatMap(([name, { pattern }]) => {
      const why = patternViolation(pattern)
      return why === undefined ? [] : [`${name}.pattern ${why}`]
    })
    return violation === undefined ? undefined : ['urlParams', violation]
  },
  ({ config }) => first(urlFields, (field) => undeclared(config[field], config)),
  ({ config }) => first(parameters, (field) => mayNotSet(config, field)),
  ({ config: { tokenHeaders = {} } }) => {
    const header = Object.keys(tokenHeaders).find((each) => ofTransport.has(each.toLowerCase()))
    return header === undefined ? undefined : ['tokenHeaders', `${header} is not to be set here`]
  },
  ({ config: { parameterNames = {} } }) => {
    if (parameterNames.state === '') return ['parameterNames', 'state cannot be left out']
    const names = standard.map((each) => parameterNames[each] ?? each).filter((each) => each !== '')
    const twice = names.find((each, at) => names.indexOf(each) !== at)
    return twice === undefined ? undefined : ['parameterNames', `two parameters are called ${twice}`]
  },
  ({ config: { keep = [], answer } }) => {
    const own = [...tokens].flatMap((each) => answer?.names?.[each] ?? [])
    const token = keep.find((each) => secretName.test(lastOf(each)) || own.includes(each))
    return token === undefined ? undefined : ['keep', `${token} is a token, which must not be kept`]
  },
]

/** An invalid field of the settings, and why. */
export function checkProtocol(asked: Asked): Violation | undefined {
  for (const rule of rules) {
    const violation = rule(asked)
    if (violation) return violation
  }
  return undefined
}

function first<Field extends string>(
  fields: readonly Field[],
  violationOf: (field: Field) => string | undefined,
): Violation | undefined {
  for (const field of fields) {
    const violation = violationOf(field)
    if (violation) return [field, violation]
  }
  return undefined
}

function isAskedBefore({ issuer, authorizeUrl, deviceUrl, authorizeParams }: AppConfig, name: string) {
  const values = Object.values(authorizeParams ?? {}).flatMap((value) => value ?? [])
  const texts = [issuer ?? '', authorizeUrl ?? '', deviceUrl ?? '', ...values]
  return texts.some((text) => placeholdersIn(text).includes(name))
}

function undeclared(url: string | undefined, { urlParams = {} }: AppConfig): string | undefined {
  const name = placeholdersIn(url ?? '').find((each) => urlParams[each] === undefined)
  return name && `{${name}} is not among urlParams`
}

function mayNotSet(config: AppConfig, field: (typeof parameters)[number]): string | undefined {
  const { parameterNames = {} } = config
  const taken = new Set([...reserved].flatMap((each) => [each, parameterNames[each] ?? each]))
  const params = Object.entries(config[field] ?? {})
  // A token request has no browser to protect by `state`, but a provider may require the parameter.
  const mayBe = ([name, value]: readonly [string, string | null]) =>
    field !== 'authorizeParams' && (value === null ? ofClient.has(name) : name === 'state')
  const name = params.find((each) => taken.has(each[0]) && !mayBe(each))?.[0]
  if (name) return `${name} is not to be set here`
  // A refresh has no redirect, but some providers require the parameter again.
  const uri =
    field !== 'refreshParams' && params.some(([each, value]) => each === 'redirect_uri' && value !== null)
  return uri ? 'redirect_uri is set by redirectUri' : undefined
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
