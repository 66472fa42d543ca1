/**
 * What all results of `-o json` and `-o yaml` share. The JSON Schemas in docs/schema/output/ and the tables in
 * docs/json-output.md are generated from the types in this folder (tools/output-types.ts): an interface with a `kind` is
 * a document, a comment is a description, and @pattern restricts a text.
 */

/** An instant in UTC, RFC 3339, without fractions of a second. @pattern ^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$ */
export type Instant = string

/** A code of docs/errors.md; later versions add codes. @pattern ^[A-Z][A-Z0-9_]*$ */
export type Code = string

/** `failed`: something failed, or a check found a problem. */
export type Overall = 'ok' | 'failed'

/** One error, wherever it is reported. */
export interface ErrorDetail {
  readonly code: Code
  /** The step that failed: `exchange`, `kubernetes`; `run` for the run as a whole. */
  readonly hop: string
  /** What was observed. */
  readonly seen: string
  readonly expected?: string
  /** Further observations. */
  readonly also?: readonly string[]
  /** What to do, as a sentence. */
  readonly fix?: string
  /** The command to run, ready to paste. */
  readonly command?: string
  /** Whether the same command may succeed later without any change to a configuration or a permission. */
  readonly retryable: boolean
  /** When the server allows the next request. */
  readonly retryAt?: Instant
}

/** The error, or the earlier finding, that another follows from. */
export interface ErrorCause {
  readonly hop: string
  readonly code: Code
}

/** Any command: it ended before it had a result. */
export interface FatalError {
  readonly kind: 'Error'
  readonly error: ErrorDetail
}

/** `pullpass version` */
export interface Version {
  readonly kind: 'Version'
  readonly version: string
  /** `unknown` if pullpass runs from its sources, or was built outside of a Git repository. */
  readonly commit: string
  /** Of Node.js. */
  readonly nodeVersion: string
}
