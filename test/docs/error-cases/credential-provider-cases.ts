/** Errors of the kubelet's credential provider plugin. */
import { checksumOf } from '../../../src/document/node-config.ts'
import { runPullpass, withoutTimeLimits } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { ErrorCases } from './error-case.ts'

async function provide(sandbox: TestSandbox, input: object) {
  const registry = {
    name: 'google',
    hosts: ['europe-docker.pkg.dev'],
    vendor: 'gcp',
    settings: { workloadIdentityProvider: sandbox.gcp.provider },
  }
  const checksum = checksumOf([registry], [])
  const config = {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'NodeConfig',
    registries: [registry],
    others: [],
    checksum,
  }
  const file = await sandbox.write('node.json', JSON.stringify(config))
  return await runPullpass(sandbox, ['credential-provider', '--config', file], {
    input: JSON.stringify(input),
    sleep: withoutTimeLimits,
  })
}

const request = {
  kind: 'CredentialProviderRequest',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  image: 'europe-docker.pkg.dev/example-project/images/hello',
}

export const credentialProviderCases: ErrorCases = {
  REQUEST_INVALID: (sandbox) =>
    provide(sandbox, { ...request, apiVersion: 'credentialprovider.kubelet.k8s.io/v1beta1' }),
  TOKEN_MISSING: (sandbox) => provide(sandbox, request),
  REGISTRY_NOT_CONFIGURED: (sandbox) =>
    provide(sandbox, { ...request, serviceAccountAnnotations: { 'pullpass.dev/registry': 'ecr' } }),
}
