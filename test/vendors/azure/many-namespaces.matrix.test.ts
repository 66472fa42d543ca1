import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSandbox } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { clientId, tenantId } from './azure-registry.ts'

const names = Array.from({ length: 1000 }, (_, index) => `app-${String(index).padStart(4, '0')}`)

test('one exchange at Azure and one at Google serve a thousand namespaces', async (t) => {
  const sandbox = await startSandbox({ now: () => new Date('2026-11-24T12:00:00Z'), namespaces: names })
  t.after(() => sandbox.close())
  const azure = await sandbox.start(sandboxVendors.azure)
  const input = `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: ["app-*"]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - {name: acr, hosts: [example.azurecr.io], azure: {tenantId: ${tenantId}, clientId: ${clientId}}}
    - {name: google, hosts: [europe-docker.pkg.dev], gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}}}
`
  const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', '-'], { input })
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.equal(sandbox.cluster.store.list('Secret').filter(({ metadata }) => metadata.name === 'regcred').length, 1000)
  assert.deepEqual(
    [azure.parts.entra, azure.parts.containerRegistry, sandbox.gcp.parts.sts].map(({ seen }) => seen.length),
    [1, 1, 1],
  )
})
