/** Declarations of flags, and the types of their values. */
import type { TextRule } from '../../document/field-rules.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Vendors } from '../../vendors/vendor.ts'

export interface Flag {
  readonly type: 'string' | 'boolean'
  /** Repeatable; the value is a list. */
  readonly multiple?: true
  readonly short?: string
  /** Placeholder of the value in the help: `FILE`. */
  readonly value?: string
  /** The accepted values. */
  readonly choices?: readonly string[]
  /** Further choices, that vendors bring. */
  readonly vendorChoices?: (vendors: Vendors) => readonly string[]
  /** A rule for the value, if it can be checked without further input. */
  readonly rule?: TextRule
  readonly summary: string
  /** What vendors add to the summary, after a colon. */
  readonly vendorSummary?: (vendors: Vendors) => string
}

export type Flags = Readonly<Record<string, Flag>>

/** A flag with a closed set of values. */
export type Choice<Word extends string> = Flag & { readonly type: 'string'; readonly choices: readonly Word[] }

/** Values by flag name: a list if repeatable, a boolean for a switch, else one of the choices or text; undefined if not given. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { multiple: true }
    ? readonly string[]
    : F[Name] extends { type: 'boolean' }
      ? boolean
      : F[Name] extends { choices: readonly (infer Word)[] }
        ? Word | undefined
        : string | undefined
}

// Invalid usage

/** `command`: `issuer check`. */
export const usageFault = (command: string, seen: string, expected?: string): PullpassError =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected, command: `pullpass ${command} --help` })
