/** The interface of a kubeconfig's credential plugin or auth provider. */
import type { Context } from '../../http/context.ts'
import type { Redacted } from '../../text/redacted.ts'

export interface PluginCredential {
  readonly authorization?: Redacted
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
  readonly expiresAt?: Date
}

/** `refused`: the API server did not accept the last credential, so that a new one is requested. */
export type CredentialPlugin = (because: 'needed' | 'refused') => Promise<PluginCredential>
export type PluginContext = Pick<Context, 'environment' | 'now' | 'signal'>
