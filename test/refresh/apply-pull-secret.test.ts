import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadDocuments } from '../../src/document/load-documents.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { listPullSecrets } from '../../src/kubernetes/objects/pull-secrets.ts'
import { applyPullSecret, type PullSecretWrite } from '../../src/refresh/apply-pull-secret.ts'
import { mintFingerprint } from '../../src/refresh/exchange-requests.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { applyAs, dockerConfigData } from '../commands/refresh/write-as.ts'
import { documentText } from '../support/document-text.ts'
import { fakeContext } from '../support/fake-context.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

const host = 'europe-docker.pkg.dev'

async function reach({ environment }: TestSandbox, t: { after: (end: () => Promise<void>) => void }): Promise<Cluster> {
  const cluster = await connect({}, fakeContext({ environment }))
  t.after(() => cluster.close())
  return cluster
}

async function writeOf(sandbox: TestSandbox, password: string, expiresAt: string): Promise<PullSecretWrite> {
  const file = await sandbox.write('pull.yaml', documentText(sandbox))
  const [document] = await loadDocuments([file], { environment: {}, readInput: async () => '', vendors })
  const [registry] = document?.registries ?? []
  assert.ok(document && registry)
  const auth = Buffer.from(`u:${password}`).toString('base64')
  return {
    document,
    namespace: 'team-a',
    dockerConfigJson: new Redacted(JSON.stringify({ auths: { [host]: { auth } } })),
    records: new Map([
      [
        registry.name,
        { hosts: [host], expiresAt: new Date(expiresAt), mintedFrom: mintFingerprint(document, registry) },
      ],
    ]),
    refreshedAt: new Date('2026-11-24T12:00:00Z'),
    mode: 'write',
    takeover: 'refused',
  }
}

/** The version that an outcome states. */
const storedIn = ({ cluster }: TestSandbox) => ({
  resourceVersion: cluster.store.read('Secret', 'team-a', 'regcred')?.metadata.resourceVersion,
})

suite('applyPullSecret', () => {
  test('an older credential never replaces a newer one that another run wrote since the list', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    await applyPullSecret(await writeOf(sandbox, 'first', '2026-11-24T12:30:00Z'), undefined, cluster)
    const listed = (await listPullSecrets(cluster, 'regcred', ['team-a'])).found.get('team-a')
    await applyPullSecret(await writeOf(sandbox, 'newer', '2026-11-24T13:00:00Z'), listed, cluster)

    const late = await applyPullSecret(await writeOf(sandbox, 'older', '2026-11-24T12:50:00Z'), listed, cluster)
    assert.deepEqual(late, {
      ...storedIn(sandbox),
      result: 'unchanged',
      note: 'another run wrote a newer credential in the meantime',
    })
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:newer' })
  })

  test('a newer credential replaces an older one that another run wrote since the list', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    await applyPullSecret(await writeOf(sandbox, 'older', '2026-11-24T12:30:00Z'), undefined, cluster)
    const late = await applyPullSecret(await writeOf(sandbox, 'newer', '2026-11-24T13:00:00Z'), undefined, cluster)
    assert.deepEqual(late, { ...storedIn(sandbox), result: 'updated' })
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:newer' })
  })

  test('an older entry that was kept is not written over a newer one of another run either', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    const newer = await writeOf(sandbox, 'newer', '2026-11-24T13:00:00Z')
    const [name, record] = [...newer.records][0] ?? assert.fail()
    const fresh = { ...record, expiresAt: new Date('2026-11-24T13:00:30Z') }
    await applyPullSecret(newer, undefined, cluster)
    // This run minted another registry's credential later, and kept what the first one held before.
    const kept = { ...record, expiresAt: new Date('2026-11-24T12:10:00Z') }
    const late = await writeOf(sandbox, 'older', '2026-11-24T12:10:00Z')
    const records = new Map([
      ['minted', fresh],
      [name, kept],
    ])
    assert.deepEqual(await applyPullSecret({ ...late, records }, undefined, cluster), {
      ...storedIn(sandbox),
      result: 'unchanged',
      note: 'another run wrote a newer credential in the meantime',
    })
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:newer' })
  })

  test('our own write, found again since its response was lost, counts as updated', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    await applyPullSecret(await writeOf(sandbox, 'first', '2026-11-24T12:30:00Z'), undefined, cluster)
    const listed = (await listPullSecrets(cluster, 'regcred', ['team-a'])).found.get('team-a')
    const write = await writeOf(sandbox, 'second', '2026-11-24T13:00:00Z')
    await applyPullSecret(write, listed, cluster)
    assert.deepEqual(await applyPullSecret(write, listed, cluster), { ...storedIn(sandbox), result: 'updated' })
  })

  const other = async (sandbox: TestSandbox) => {
    const write = await writeOf(sandbox, 'theirs', '2026-11-24T13:00:00Z')
    return { ...write, document: { ...write.document, name: 'other' } }
  }

  test('a Secret that another client created since the list is read again, and taken over if the document allows it', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    await applyAs(sandbox, 'team-a', 'kubectl', {
      type: 'kubernetes.io/dockerconfigjson',
      data: dockerConfigData(host, 'by:hand'),
    })
    const write = await writeOf(sandbox, 'ours', '2026-11-24T12:30:00Z')
    const adopting = { ...write, document: { ...write.document, conflictPolicy: 'Adopt' } as const }
    assert.deepEqual(await applyPullSecret(adopting, undefined, cluster), {
      ...storedIn(sandbox),
      result: 'updated',
      adopted: true,
      note: 'taken over from its earlier manager',
    })
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:ours' })
  })

  for (const [conflictPolicy, takeover] of [
    ['Refuse', 'refused'],
    ['Adopt', 'refused'],
    ['Adopt', 'permitted'],
  ] as const) {
    test(`a Secret that another document wrote since the list is read again, and left unchanged: ${conflictPolicy}, takeover ${takeover}`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const cluster = await reach(sandbox, t)
      await applyPullSecret(await other(sandbox), undefined, cluster)
      const write = await writeOf(sandbox, 'ours', '2026-11-24T12:30:00Z')
      const document = { ...write.document, conflictPolicy }
      await assert.rejects(applyPullSecret({ ...write, document, takeover }, undefined, cluster), {
        code: 'SECRET_NOT_OURS',
        seen: 'Secret team-a/regcred was written by pullpass for ClusterPullSecret/other (field manager "pullpass:ClusterPullSecret:other"); it was left unchanged',
        expected: 'one document for each Secret',
      })
      assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:theirs' })
    })
  }

  test('a Secret deleted since the list is created again', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await reach(sandbox, t)
    await applyPullSecret(await writeOf(sandbox, 'first', '2026-11-24T12:30:00Z'), undefined, cluster)
    const listed = (await listPullSecrets(cluster, 'regcred', ['team-a'])).found.get('team-a')
    const stored = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    assert.ok(stored)
    sandbox.cluster.store.remove(stored)
    const late = await applyPullSecret(await writeOf(sandbox, 'newer', '2026-11-24T13:00:00Z'), listed, cluster)
    assert.deepEqual(late, { ...storedIn(sandbox), result: 'created' })
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { [host]: 'u:newer' })
  })
})
