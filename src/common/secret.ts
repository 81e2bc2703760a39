import { inspect } from 'node:util'

/**
 * A token, client secret or key that cannot be printed: every conversion to text gives `***`. Only `reveal()` gives the
 * text, so searching for `.reveal(` finds every place that uses a secret.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [Symbol.toPrimitive](): string {
    return '***'
  }

  [inspect.custom](): string {
    return '***'
  }
}
