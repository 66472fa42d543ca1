/** A flag as data, and the values that a command line gives it. */
import type { TextRule } from '../document/field-rules.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Vendors } from '../vendors/vendor.ts'

export interface Flag {
  readonly type: 'string' | 'boolean'
  /** May be given more than once; its value is a list. */
  readonly multiple?: true
  readonly short?: string
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
  /** The only values that are accepted. */
  readonly choices?: readonly string[]
  /** Further choices, that vendors bring. */
  readonly vendorChoices?: (vendors: Vendors) => readonly string[]
  /** What its value has to keep, where that can be checked on the command line alone. */
  readonly rule?: TextRule
  readonly summary: string
  /** What vendors add to the summary, after a colon. */
  readonly vendorSummary?: (vendors: Vendors) => string
}

export type Flags = Readonly<Record<string, Flag>>

/** A flag that takes one of these words. */
export type Choice<Word extends string> = Flag & { readonly type: 'string'; readonly choices: readonly Word[] }

/**
 * Values by the flags' own names: a list where it may repeat, true or false for a switch, one of its choices where it has
 * some, else text; undefined where it is not given.
 */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { multiple: true }
    ? readonly string[]
    : F[Name] extends { type: 'boolean' }
      ? boolean
      : F[Name] extends { choices: readonly (infer Word)[] }
        ? Word | undefined
        : string | undefined
}

// A command line that asks for what a command does not do; its help says what it does.

/** `command`: `issuer check`. */
export const usageFault = (command: string, seen: string, expected?: string): PullpassError =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected, hint: `pullpass ${command} --help` })
