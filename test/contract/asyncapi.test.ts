import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { changedSubject, eventTypes } from '../../src/bus/subjects.ts'
import { verbs } from '../../src/contract/requests.ts'
import { ajv, document, messages } from './asyncapi-document.ts'

describe('the AsyncAPI document', () => {
  it('is up to date (npm run asyncapi)', () => {
    const written = readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8')
    expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('is AsyncAPI 3.0', () => {
    const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json')
    const checker = new Ajv({
      strict: false,
      allErrors: true,
      validateFormats: false,
      meta: false,
      validateSchema: false,
    })
    checker.validate(schema, document)
    expect(checker.errors).toBeNull()
  })

  it('has no dangling reference, and valid JSON Schemas', () => {
    const pointers = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = '']) => path,
    )
    expect(pointers.length).toBeGreaterThan(100)
    for (const pointer of pointers) {
      const target = pointer.split('/').reduce((at, name) => at?.[name.replaceAll('~1', '/')], document)
      expect({ pointer, found: target !== undefined }).toEqual({ pointer, found: true })
    }
    for (const { payload } of Object.values(messages)) expect(() => ajv.compile(payload)).not.toThrow()
  })

  it('has every request and every event once', () => {
    expect(Object.keys(document.operations)).toEqual([
      ...verbs,
      ...eventTypes,
      changedSubject,
      `${changedSubject}.heard`,
    ])
  })
})
