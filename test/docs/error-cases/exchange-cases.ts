/** Errors of Google: its token service, and impersonation of the service account. */
import { stsQuotaExceeded } from '../../../sandbox/gcp/sts/security-token-service.ts'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { tooShort } from '../../../src/controller/credentials.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { type ErrorCases, refresh, refreshDocument, refreshWithFault } from './error-case.ts'

/** A run with other settings of the provider. */
function refreshWithProvider(
  sandbox: TestSandbox,
  settings: Partial<Parameters<typeof sandbox.gcp.identity.putProvider>[0]>,
) {
  sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: sandbox.cluster.issuer, ...settings })
  return refresh(sandbox)
}

export const exchangeCases: ErrorCases = {
  // Only the controller has this error, and it does not end with it.
  CREDENTIAL_SHORT_LIVED: async () => {
    const { message: stderr } = tooShort({ registry: { name: 'google' } }, 29_000)
    return { exitCode: 1, stdout: '', stderr }
  },

  AUDIENCE_REFUSED: (sandbox) => refreshWithProvider(sandbox, { allowedAudiences: ['https://images.example.com'] }),

  ISSUER_REFUSED: (sandbox) => refreshWithProvider(sandbox, { issuerUri: 'https://cluster.example.com' }),

  /** Google's clock is ahead of pullpass's. */
  TOKEN_STALE: (sandbox) => {
    const now = sandbox.clock.now()
    sandbox.clock.advance('2 h')
    return refresh({ ...sandbox, clock: { ...sandbox.clock, now: () => now } })
  },

  async SIGNATURE_INVALID(sandbox) {
    const { publicKey } = await sharedSigningKey('another')
    const { kid } = sandbox.cluster.keys.current
    const key = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
    return await refreshWithProvider(sandbox, { jwksJson: JSON.stringify({ keys: [key] }) })
  },

  ISSUER_UNREACHABLE: (sandbox) =>
    refreshWithFault(sandbox, 'storage', { kind: 'response', response: { status: 404, body: 'Not Found\n' } }),

  CONDITION_REFUSED: (sandbox) =>
    refreshWithProvider(sandbox, { attributeCondition: "assertion.sub.startsWith('system:serviceaccount:ci:')" }),

  SUBJECT_TOO_LONG(sandbox) {
    const account = { namespace: 'image-system', name: `pullpass-${'of-the-image-platform-team-'.repeat(4)}x` }
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account })
    const more = `  serviceAccountRef: {namespace: ${account.namespace}, name: ${account.name}}`
    return refreshDocument(sandbox, (text) => text, more)
  },

  async CLIENT_REFUSED(sandbox) {
    const { url, client } = await sandbox.start(sandboxVendors.oidc)
    client.method = 'client_secret_post'
    const registry = `audience: x
      oidc: {url: "${url}/token", username: puller, clientAuthentication: {method: none, clientId: other}}
`
    return await refreshDocument(
      sandbox,
      (text) => text.replace(/gcp:\n(?: {8}.*\n)+/, registry),
      '  serviceAccountRef: {namespace: image-system, name: pullpass}',
    )
  },

  CREDENTIAL_SOURCE_INVALID: (sandbox) =>
    refreshDocument(sandbox, (text) =>
      text.replace(/ {6}gcp:\n(?: {8}.*\n)+/, '      static: {secretRef: {namespace: image-system, name: hub}}\n'),
    ),

  PROVIDER_NOT_FOUND: (sandbox) => refreshWithProvider(sandbox, { state: 'DISABLED' }),

  QUOTA_EXCEEDED: (sandbox) => refreshWithFault(sandbox, 'sts', { kind: 'response', response: stsQuotaExceeded }),

  EXCHANGE_REFUSED: (sandbox) =>
    refreshWithFault(sandbox, 'sts', { kind: 'response', response: { status: 404, body: '<!DOCTYPE html>' } }),

  EXCHANGE_UNAVAILABLE: (sandbox) =>
    refreshWithFault(sandbox, 'sts', { kind: 'response', response: { status: 503, body: 'no healthy upstream' } }),

  API_DISABLED: (sandbox) => {
    sandbox.gcp.services.disable('123456789012', 'iamcredentials.googleapis.com')
    return refresh(sandbox)
  },

  PERIMETER_DENIED: (sandbox) => {
    sandbox.gcp.services.protect('iamcredentials.googleapis.com', 'Kc9mFhVgQ2v0Ij4d')
    return refresh(sandbox)
  },

  IMPERSONATION_DENIED: (sandbox) => {
    sandbox.gcp.accounts.denyTokens('puller@example-project.iam.gserviceaccount.com', sandbox.gcp.principal)
    return refresh(sandbox)
  },

  async REGISTRY_DENIED(sandbox) {
    const azure = await sandbox.start(sandboxVendors.azure)
    azure.roleAssignments.all.clear()
    const settings = `{tenantId: ${azure.tenantId}, clientId: ${azure.puller.clientId}}`
    const file = await sandbox.write(
      'pull.yaml',
      `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - {name: acr, hosts: [${azure.loginServer}], azure: ${settings}}
`,
    )
    return await runPullpass(sandbox, ['refresh', '-f', file])
  },
}
