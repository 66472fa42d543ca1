/** The result of an exchange: a user name and password for hosts, until an expiry. */
import type { Redacted } from '../text/redacted.ts'

export interface RegistryCredential {
  /** host[:port][/path/], as in the document: keys of the dockerconfigjson. */
  readonly hosts: readonly string[]
  readonly username: string
  readonly password: Redacted
  readonly expiresAt: Date
}
