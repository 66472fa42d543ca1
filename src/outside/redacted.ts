/** A token or password in a wrapper that prints as `[redacted]`, whatever formats it. */
import { inspect } from 'node:util'

const shown = '[redacted]'

export class Redacted {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The secret itself. Called where bytes are sent, written or decoded, and nowhere else: a test lists the callers. */
  reveal(): string {
    return this.#value
  }

  /** How long the secret is, in bytes of UTF-8; that alone is no secret. */
  byteLength(): number {
    return Buffer.byteLength(this.#value)
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [Symbol.toPrimitive](): string {
    return shown
  }
}

// Outside the class body: a computed name there cannot be declared in isolation.
Object.defineProperty(Redacted.prototype, inspect.custom, { value: () => shown })
