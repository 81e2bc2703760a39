import { type AccountContext, type AccountEvent, tokenFor } from '../../machines/index.ts'

const leftOut = Symbol('what a builder was not given')

/** Marks fields that a specification left out. The mark is a non-enumerable symbol, so copies do not have it. */
export function markLeftOut<E extends AccountEvent>(
  event: E,
  given: object,
  fields: readonly (keyof E)[],
): E {
  return Object.defineProperty(event, leftOut, { value: fields.filter((field) => !(field in given)) })
}

/** Fills in marked fields from the account: the attempt in flight, its base generation, the current token's generation. */
export function fillIn<E extends object>(event: E, context: object): E {
  const fields = (event as { [leftOut]?: readonly string[] })[leftOut]
  if (fields === undefined || fields.length === 0) return event
  const { attempt } = context as AccountContext
  const { resource = null } = event as unknown as { resource?: null }
  const known: Record<string, unknown> = {
    attempt: attempt?.id,
    grantId: attempt?.grantId,
    baseGeneration: attempt?.generation,
    generation: tokenFor(context as AccountContext, resource)?.generation,
  }
  const filled = fields.filter((field) => known[field] !== undefined).map((field) => [field, known[field]])
  return { ...event, ...Object.fromEntries(filled) }
}
