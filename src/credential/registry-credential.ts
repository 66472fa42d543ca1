/** What an exchange gives: who may pull from which hosts, and until when. */
import type { Redacted } from '../text/redacted.ts'

export interface RegistryCredential {
  /** host[:port][/path/], as in the document: keys of the dockerconfigjson. */
  readonly hosts: readonly string[]
  readonly username: string
  readonly password: Redacted
  readonly expiresAt: Date
}
