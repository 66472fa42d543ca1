/** What a kubeconfig's program or auth provider is asked for, and what it gives. */
import type { Context } from '../../http/context.ts'
import type { Redacted } from '../../text/redacted.ts'

export interface PluginCredential {
  readonly authorization?: Redacted
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
  readonly expiresAt?: Date
}

/** `refused`: the API server did not take the last credential, so that one is asked for anew. */
export type CredentialPlugin = (because: 'needed' | 'refused') => Promise<PluginCredential>
export type PluginContext = Pick<Context, 'environment' | 'now' | 'signal'>
