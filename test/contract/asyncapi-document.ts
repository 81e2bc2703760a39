import type { Ajv as AjvCore } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { MsgHdrs } from 'nats'
import { expect } from 'vitest'
import { asyncApi } from '../support/asyncapi.ts'

const addFormats = formats as unknown as (ajv: AjvCore) => void

export interface Message {
  readonly headers?: object
  readonly payload: object
}

// biome-ignore lint/suspicious/noExplicitAny: the document is the thing under test.
export const document = asyncApi() as any
export const messages = document.components.messages as Record<string, Message>

export const ajv = new Ajv2020({ allErrors: true })
addFormats(ajv)

export function complaints(schema: object, value: unknown): unknown[] {
  const valid = ajv.validate(schema, value)
  return valid ? [] : (ajv.errors ?? [])
}

export const headersOf = (headers: MsgHdrs | undefined) =>
  Object.fromEntries([...(headers ?? [])].map(([name, [value]]) => [name, value]))

/** Checks a message against the document, and against the strict schema that the document is generated from. */
export function check(
  name: string,
  { headers, body, strict }: { headers: object; body: unknown; strict: Strict },
) {
  const message = messages[name] as Message
  expect({ name, wrong: complaints(message.payload, body) }).toEqual({ name, wrong: [] })
  if (message.headers)
    expect({ name, wrong: complaints(message.headers, headers) }).toEqual({ name, wrong: [] })
  strict.parse(body)
}

interface Strict {
  parse(value: unknown): unknown
}
