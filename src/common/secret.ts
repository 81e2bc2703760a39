import { inspect } from 'node:util'

/**
 * A token, client secret or key that cannot be printed: every way JavaScript turns a value into text
 * gives `***`. Only `reveal()` gives the text, so a search for `.reveal(` lists every place a secret leaves.
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
