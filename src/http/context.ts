/** Clock, random, transport, environment and log as arguments: below cli.ts nothing reads them from the process. */
import type { Hop } from '../errors/pullpass-error.ts'
import type { SecretRegister } from '../text/secret-register.ts'
import type { Transport } from './transport.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** One line of the log: a constant sentence, and what varies as fields. Never a secret. */
export type Log = (level: LogLevel, sentence: string, fields?: LogFields) => void
/** The names of a JSON line's own members are taken. */
type LogFields = Readonly<Record<string, string | number>> & { readonly [Own in 'time' | 'level' | 'message']?: never }
export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface Context {
  readonly environment: Environment
  readonly now: () => Date
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** HTTP to clouds and registries; the cluster has its own connection. */
  readonly transport: Transport
  /** Aborted when the run is interrupted or over its time. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Every secret that this run has sent or received; external text that contains one of them is never printed. */
  readonly secrets: SecretRegister
  /** Reports a request that was sent; the returned function reports its end. Absent where no terminal shows progress. */
  readonly waiting?: (waiting: Waiting) => () => void
}

export interface Waiting {
  readonly hop: Hop | undefined
  /** `SERVICE at https://sts.example.com/v1/token`, without user and query. */
  readonly endpoint: string
}
