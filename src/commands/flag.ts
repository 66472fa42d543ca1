/** A flag as data, and the values that a command line gives it. */

export interface Flag {
  readonly type: 'string' | 'boolean'
  /** May be given more than once; its value is a list. */
  readonly multiple?: true
  readonly short?: string
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
  /** The only values that are taken. */
  readonly choices?: readonly string[]
  readonly summary: string
}

export type Flags = Readonly<Record<string, Flag>>

/** Values by the flags' own names: a list where it may repeat, true or false for a switch, else text or undefined. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { multiple: true }
    ? readonly string[]
    : F[Name] extends { type: 'boolean' }
      ? boolean
      : string | undefined
}
