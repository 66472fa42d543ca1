import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseImageReference } from '../../../src/registry/image-reference.ts'
import { tryPull } from '../../../src/registry/pull.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { type AzureTest, clientId, startAzure, tenantId } from './azure-registry.ts'

/** The registry of the sandbox, under a name for each vendor: a host has one credential. */
const hostsOf = ({ parts }: TestSandbox) => ({
  azureHost: `127.0.0.1:${parts.registry.port}`,
  googleHost: `localhost:${parts.registry.port}`,
})

async function writeDocument(sandbox: TestSandbox, namespaces = 'include: [team-a]'): Promise<string> {
  const { azureHost, googleHost } = hostsOf(sandbox)
  return await sandbox.write(
    'pull.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {${namespaces}}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: acr
      hosts: ["${azureHost}"]
      azure: {tenantId: ${tenantId}, clientId: ${clientId}, registry: example.azurecr.io}
    - name: google
      hosts: ["${googleHost}"]
      gcp:
        workloadIdentityProvider: ${sandbox.gcp.provider}
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
`,
  )
}

async function pull(sandbox: TestSandbox, host: string): Promise<string> {
  const [, username = '', password = ''] =
    /^([^:]*):(.*)$/.exec(readPullSecret(sandbox, 'team-a')?.auths[host] ?? '') ?? []
  const image = parseImageReference(`${host}/example-project/images/hello:1`)
  assert.ok(image !== undefined)
  const context = fakeContext({ ca: sandbox.authority.ca })
  return (await tryPull(image, { username, password: new Redacted(password) }, context)).outcome
}

async function start(t: TestContext, namespaces?: string) {
  const azureTest: AzureTest = await startAzure(t)
  const { sandbox } = azureTest
  const file = await writeDocument(sandbox, namespaces)
  const refresh = (...more: string[]) => runPullpass(sandbox, ['refresh', '-f', file, ...more])
  return { ...azureTest, ...hostsOf(sandbox), file, refresh }
}

suite('refresh with a registry at Azure', () => {
  test('writes one Secret with the credentials of two clouds, and each pulls', async (t) => {
    const { sandbox, refresh, azureHost, googleHost } = await start(t)
    const { exitCode, stdout, stderr } = await refresh()
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /acr +created +2026-11-24T15:00:00Z/)
    assert.match(stdout, /google +created +2026-11-24T13:00:00Z/)
    assert.deepEqual(Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {}).toSorted(), [azureHost, googleHost])
    assert.deepEqual([await pull(sandbox, azureHost), await pull(sandbox, googleHost)], ['pulls', 'pulls'])
  })

  test('keeps the last good credential while Azure returns invalid responses, and renews the other', async (t) => {
    const { sandbox, azure, refresh, azureHost } = await start(t)
    await refresh()
    const before = readPullSecret(sandbox, 'team-a')
    for (const body of ['<html>', '{"refresh_token":"opaque"}', 'x'.repeat(2 << 20)]) {
      sandbox.clock.advance('40 min')
      azure.parts.containerRegistry.faults.inject({ kind: 'response', response: { status: 200, body } })
      const { exitCode, stdout } = await refresh()
      azure.parts.containerRegistry.faults.clear()
      assert.equal(exitCode, 1)
      assert.match(stdout, /acr +failed, kept +2026-11-24T15:00:00Z/)
      const after = readPullSecret(sandbox, 'team-a')
      assert.equal(after?.auths[azureHost], before?.auths[azureHost])
      assert.equal(after?.uid, before?.uid)
      assert.equal(await pull(sandbox, azureHost), 'pulls')
    }
  })

  test('a sign-in or a registry that never responds ends with the timeout of the run, and the Secret stays', async (t) => {
    const { sandbox, azure, file, azureHost } = await start(t)
    const run = (...more: string[]) => runPullpass(sandbox, ['refresh', '-f', file, ...more])
    await run()
    const before = readPullSecret(sandbox, 'team-a')
    for (const part of [azure.parts.entra, azure.parts.containerRegistry]) {
      for (const at of ['request', 'body'] as const) {
        part.faults.inject({ kind: 'stall', at })
        const requests = part.seen.length
        const sleep = async (ms: number, signal: AbortSignal) => {
          if (ms !== 30_000) return
          await part.whenSeen(undefined, requests + 1)
          signal.throwIfAborted()
        }
        const options = { sleep }
        const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--timeout', '30s'], options)
        part.faults.clear()
        assert.equal(exitCode, 1)
        assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 30s\n/)
        assert.equal(readPullSecret(sandbox, 'team-a')?.auths[azureHost], before?.auths[azureHost])
      }
    }
  })

  test('costs one sign-in and one exchange, with a token file too', async (t) => {
    const { sandbox, azure } = await start(t)
    const path = await sandbox.write(
      'files.yaml',
      `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a, team-b]}
  registries:
    - {name: one, hosts: [one.example.com], azure: {tenantId: ${tenantId}, clientId: ${clientId}, registry: example.azurecr.io}}
    - {name: two, hosts: [two.example.com], azure: {tenantId: ${tenantId}, clientId: ${clientId}, registry: second.azurecr.io}}
`,
    )
    const second = { loginServer: 'second.azurecr.io', id: azure.registryId.replace(/example$/, 'second') }
    azure.registries.set(second.loginServer, { ...second, roleAssignmentMode: 'LegacyRegistryPermissions' })
    const [role] = azure.roleAssignments.all.values()
    if (role !== undefined) azure.roleAssignments.put({ ...role, scope: second.id })
    await sandbox.writeToken({ audiences: [azure.audience] })
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', path])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual([azure.parts.entra.seen.length, azure.parts.containerRegistry.seen.length], [1, 2])
  })
})
