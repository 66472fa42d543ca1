/** Whether TLS can use a client certificate: looked at before anything is connected, since each attempt would fail alike. */
import type { Redacted } from '../outside/redacted.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import { type KubeconfigEntry, kubeconfigInvalid } from './kubeconfig-entry.ts'

/** @throws KUBECONFIG_INVALID */
export async function checkClientCertificate(user: KubeconfigEntry, certificate: string, key: Redacted): Promise<void> {
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext({ cert: certificate, key: key.reveal() })
  } catch (error) {
    const reason = systemErrorCode(error) ?? 'no reason given'
    throw kubeconfigInvalid({
      seen: `a user in ${user.file} has a client certificate that TLS cannot use with its key: ${reason}`,
      expected: 'both in PEM, the key being that of the certificate, without a passphrase',
    })
  }
}
