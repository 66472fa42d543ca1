import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bindExchange } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { fakeContext } from '../support/fake-context.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { subjectToken } from '../support/subject-token.ts'
import { documentOf, faultOf } from './exchange-registry.ts'

const apiServerAudiences = ['https://kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'k3s', 'rke2']

suite('a token that API servers accept', () => {
  for (const audience of apiServerAudiences) {
    test(`of audience ${audience} is refused in the document of every vendor`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const file = await sandbox.write(
        'pull.yaml',
        documentOf(`audience: "${audience}", hosts: [quay.io], quay: {robot: acme+puller}`),
      )
      for (const command of [['refresh'], ['manifests', '--image', 'registry.example.com/pullpass:1']]) {
        const { exitCode, stdout, stderr } = await runPullpass(sandbox, [...command, '-f', file])
        assert.deepEqual([exitCode, stdout], [2, ''])
        assert.match(stderr, /^DOCUMENT_INVALID \(document\): .*spec\.registries\[0\]\.audience is "/)
      }
    })
  }

  test('is not sent to any vendor', async () => {
    const registries = [
      {
        vendor: 'gcp',
        settings: { workloadIdentityProvider: 'projects/1/locations/global/workloadIdentityPools/p/providers/c' },
      },
      { vendor: 'aws', settings: { roleArn: 'arn:aws:iam::123456789012:role/puller', region: 'eu-west-1' } },
      { vendor: 'azure', settings: { tenantId: 't', clientId: 'c', registry: 'example.azurecr.io', cloud: 'Public' } },
      { vendor: 'quay', settings: { robot: 'acme+puller', endpoint: 'https://quay.io' } },
    ]
    for (const registry of registries) {
      const { exchange } = await bindExchange({ name: 'r', hosts: ['quay.io'], ...registry }, vendors)
      for (const audiences of [[], [subjectToken.issuer], ['https://kubernetes.default.svc']]) {
        const fault = await faultOf(exchange({ ...subjectToken, audiences }, fakeContext()))
        assert.equal(fault.code, 'AUDIENCE_MISMATCH', registry.vendor)
        assert.match(fault.seen, /which API servers accept; it was not sent$/)
      }
    }
  })
})
