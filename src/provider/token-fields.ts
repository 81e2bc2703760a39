import { type AnswerObject, isObject, type TokensBody, tokensSchema } from './answer-schema.ts'
import type { AppConfig } from './app-config.ts'

/** The fields of a token response, by the app's path and names. */
export function tokenFields(body: AnswerObject, { path, names = {} }: AppConfig['answer'] = {}): TokensBody {
  const inside = path === undefined ? body : valueAt(body, path)
  const base = inside === undefined ? body : isObject(inside) ? inside : {}
  const called = Object.entries(names).flatMap(([name, own]) => {
    const value = valueAt(base, own) ?? valueAt(body, own)
    return value === undefined ? [] : [[name, value] as const]
  })
  return tokensSchema.parse({ ...base, ...Object.fromEntries(called) })
}

/** `path`: names with dots between them. */
export function valueAt(from: unknown, path: string): unknown {
  let value = from
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
