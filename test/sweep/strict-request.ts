import type { IncomingMessage } from 'node:http'

/** What came, wherever it was written. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A request that the provider does not understand, or does not like. */
export class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood'
}

export function insist(holds: boolean, complaint: string): asserts holds {
  if (!holds) throw new NotUnderstood(complaint)
}

export async function readAsked(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const url = new URL(request.url ?? '/', 'http://provider')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
  }
}

/** The parameters of a token request, which must be where the provider expects them. */
export function readBody(asked: Asked, body: 'form' | 'json' | 'query'): Map<string, string> {
  const type = asked.headers['content-type']?.split(';')[0]
  if (body === 'query') {
    insist(asked.body === '', 'a body where parameters belong into the URL')
    return once(asked.query)
  }
  if (body === 'form') {
    insist(type === 'application/x-www-form-urlencoded', `a body of type ${type} instead of a form`)
    return once(new URLSearchParams(asked.body))
  }
  insist(type === 'application/json', `a body of type ${type} instead of JSON`)
  const fields = Object.entries(JSON.parse(asked.body) as object)
  insist(
    fields.every(([, value]) => typeof value === 'string'),
    'JSON that is not flat text',
  )
  return new Map(fields)
}

export function once(parameters: URLSearchParams): Map<string, string> {
  const names = [...parameters.keys()]
  insist(new Set(names).size === names.length, `a parameter twice: ${names}`)
  return new Map(parameters)
}

/** RFC 6749 §2.3.1: each half encoded as a form. */
export function readBasic({ headers }: Asked): { id: string; secret: string } {
  const [, encoded] = /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? []
  insist(encoded !== undefined, 'no HTTP Basic credentials')
  const halves = Buffer.from(encoded, 'base64').toString().split(':')
  insist(halves.length === 2, 'HTTP Basic credentials with more than one colon')
  const [id = '', secret = ''] = halves.map((half) => decodeURIComponent(half.replaceAll('+', ' ')))
  insist(/^[\w.*%+:-]*$/.test(halves.join(':')), 'HTTP Basic credentials that are not encoded')
  return { id, secret }
}

/** Reads parameters under the provider's names, and finally checks that none is left. */
export interface StrictParameters {
  take(name: string): string | undefined
  is(name: string, expected: string | undefined): void
  mustHave(name: string): string
  isExactly(expected: Readonly<Record<string, string>>): void
  nothingElse(): void
}

export function strictParameters(
  parameters: Map<string, string>,
  names: Readonly<Record<string, string>>,
): StrictParameters {
  const left = new Map(parameters)
  function take(name: string): string | undefined {
    const theirs = names[name] ?? name
    if (theirs === '') return undefined
    const value = left.get(theirs)
    left.delete(theirs)
    return value
  }
  return {
    take,
    is(name, expected) {
      const value = take(name)
      insist(value === expected, `${names[name] ?? name}: ${JSON.stringify(value)}, not ${expected}`)
    },
    mustHave(name) {
      const value = take(name)
      insist(value !== undefined && value !== '', `${names[name] ?? name} is missing`)
      return value
    },
    isExactly(expected) {
      for (const [name, value] of Object.entries(expected)) {
        insist(left.get(name) === value, `${name}: ${JSON.stringify(left.get(name))}, not ${value}`)
        left.delete(name)
      }
    },
    nothingElse() {
      insist(left.size === 0, `unexpected parameters: ${[...left.keys()]}`)
    },
  }
}
