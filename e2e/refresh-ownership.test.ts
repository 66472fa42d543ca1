/** Secret ownership on a real API server: each row of the design's table, and the script that is commonly used. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { type ProgramRun, runProgram, runSuccessfully } from './parts/process/run-program.ts'
import { withRealPart } from './parts/real-part.ts'
import { type FederatedCluster, startFederatedCluster } from './parts/start-federated-cluster.ts'

const script = join(import.meta.dirname, '../bench/plain-script.sh')
const host = 'europe-docker.pkg.dev'

/** A namespace for a test, and operations in it. */
async function openNamespace(cluster: FederatedCluster, name: string) {
  const { controlPlane, environment } = cluster
  await requestKubernetes(controlPlane, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
  const variables = { REGISTRY_SECRET_NAMESPACES: name, REGISTRY_HOSTS: host }
  const path = `/api/v1/namespaces/${name}/secrets/regcred`
  const secret = async (): Promise<Secret> => {
    const { body } = await requestKubernetes(controlPlane, { path })
    return JSON.parse(body)
  }
  return {
    pullpass: (...flags: string[]) => cluster.pullpass(['refresh', ...flags], variables),
    /** With a document of that name, which has the same Secret. */
    pullpassAs: async (document: string | Adopting, ...flags: string[]): Promise<ProgramRun> => {
      const file = join(await mkdtemp(join(tmpdir(), 'pullpass-document-')), 'document.json')
      await writeFile(file, JSON.stringify(documentOf(document, name, environment)))
      try {
        return await cluster.pullpass(['refresh', '-f', file, ...flags])
      } finally {
        await rm(dirname(file), { recursive: true })
      }
    },
    script: async (): Promise<ProgramRun> => {
      await cluster.writeToken()
      const tokenFile = environment['PULLPASS_TOKEN_FILE'] ?? ''
      const ca = environment['PULLPASS_CA_FILE'] ?? ''
      return runProgram('bash', [script], {
        environment: { ...environment, ...variables, TOKEN_FILE: tokenFile, CURL_CA_BUNDLE: ca },
      })
    },
    kubectl: (...argv: string[]) =>
      runSuccessfully('kubectl', ['-n', name, ...argv], {
        environment: { KUBECONFIG: environment['KUBECONFIG'] ?? '' },
      }),
    secret,
    /** A server-side apply of the whole content of the Secret, without force. */
    claimAs: async (manager: string): Promise<void> => {
      const { metadata, ...held } = await secret()
      const { labels, annotations } = metadata
      const { status } = await requestKubernetes(controlPlane, {
        method: 'PATCH',
        path: `${path}?fieldManager=${manager}`,
        contentType: 'application/apply-patch+yaml',
        body: { ...held, metadata: { name: 'regcred', labels, annotations } },
      })
      assert.equal(status, 200)
    },
  }
}

interface Adopting {
  readonly name: string
  readonly conflictPolicy: 'Adopt'
}

const documentOf = (document: string | Adopting, namespace: string, variables: Readonly<Record<string, string>>) => ({
  apiVersion: 'pullpass.dev/v1alpha1',
  kind: 'ClusterPullSecret',
  metadata: { name: typeof document === 'string' ? document : document.name },
  spec: {
    ...(typeof document !== 'string' && { conflictPolicy: document.conflictPolicy }),
    secretName: 'regcred',
    namespaces: { include: [namespace] },
    registries: [
      {
        name: 'google',
        hosts: [host],
        gcp: {
          projectNumber: variables['PROJECT_NUMBER'],
          poolId: variables['POOL_ID'],
          providerId: variables['PROVIDER_ID'],
          serviceAccountEmail: variables['SERVICE_ACCOUNT_EMAIL'],
        },
      },
    ],
  },
})

interface Secret {
  readonly metadata: {
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields: readonly {
      readonly manager: string
      readonly fieldsV1: Readonly<Record<string, unknown>>
    }[]
  }
  readonly data: Readonly<Record<string, string>>
}

const ownersOfData = ({ metadata }: Secret) =>
  metadata.managedFields.filter(({ fieldsV1 }) => fieldsV1['f:data']).map(({ manager }) => manager)
const passwordOf = ({ data }: Secret) => {
  const config: { auths: Record<string, { auth: string }> } = JSON.parse(
    Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString(),
  )
  return Buffer.from(config.auths[host]?.auth ?? '', 'base64').toString()
}

await withRealPart('a control plane that Google trusts', startFederatedCluster, (cluster) => {
  suite('Secret ownership on a real API server', () => {
    test('a missing Secret is created, with the field manager of its document', async () => {
      const { pullpass, secret } = await openNamespace(cluster, 'absent')
      const { exitCode, stderr } = await pullpass()
      assert.deepEqual([exitCode, stderr], [0, ''])
      assert.deepEqual(ownersOfData(await secret()), ['pullpass:ClusterPullSecret:regcred'])
    })

    test('a Secret of pullpass is updated in place', async () => {
      const { pullpass, secret } = await openNamespace(cluster, 'ours')
      await pullpass()
      const before = await secret()
      const { exitCode } = await pullpass()
      const after = await secret()
      assert.equal(exitCode, 0)
      assert.equal(after.metadata.uid, before.metadata.uid)
      assert.notEqual(passwordOf(after), passwordOf(before))
    })

    test('an edit is restored and reported', async () => {
      const { pullpass, kubectl, secret } = await openNamespace(cluster, 'edited')
      await pullpass()
      const data = Buffer.from('{"auths":{}}').toString('base64')
      await kubectl('patch', 'secret', 'regcred', '--type=merge', '-p', `{"data":{".dockerconfigjson":"${data}"}}`)
      const { exitCode, stdout } = await pullpass()
      assert.equal(exitCode, 0)
      assert.match(stdout, /it had been changed by kubectl-patch, and was restored/)
      assert.match(passwordOf(await secret()), /^oauth2accesstoken:/)
    })

    test('an edited annotation is restored, and its editor is reported once', async () => {
      const { pullpass, kubectl, secret } = await openNamespace(cluster, 'annotated')
      await pullpass()
      await kubectl('annotate', '--overwrite', 'secret', 'regcred', 'pullpass.dev/expires-at=9999-01-01T00:00:00.000Z')
      const { exitCode, stdout, stderr } = await pullpass()
      assert.deepEqual([exitCode, stderr], [0, ''])
      assert.match(stdout, /it had been changed by kubectl-annotate, and was restored/)
      assert.doesNotMatch((await secret()).metadata.annotations?.['pullpass.dev/expires-at'] ?? '', /^9999/)
      assert.doesNotMatch((await pullpass()).stdout, /it had been changed by/)
    })

    test('a Secret whose fields another manager claims is still written; the manager is reported once', async () => {
      const { pullpass, claimAs, secret } = await openNamespace(cluster, 'claimed')
      await pullpass()
      await claimAs('restore')
      assert.deepEqual(ownersOfData(await secret()).toSorted(), ['pullpass:ClusterPullSecret:regcred', 'restore'])
      const { exitCode, stdout, stderr } = await pullpass()
      assert.deepEqual([exitCode, stderr], [0, ''])
      assert.match(stdout, /it had been changed by restore, and was restored/)
      assert.deepEqual(ownersOfData(await secret()), ['pullpass:ClusterPullSecret:regcred'])
      assert.doesNotMatch((await pullpass()).stdout, /it had been changed by/)
    })

    test('the Secret of the usual script is left unchanged, and its manager is reported', async () => {
      const { pullpass, script: run, secret } = await openNamespace(cluster, 'script-before')
      assert.equal((await run()).exitCode, 0)
      const before = await secret()
      const { exitCode, stderr } = await pullpass()
      assert.equal(exitCode, 1)
      assert.match(
        stderr,
        /^SECRET_NOT_OURS \(kubernetes\): Secret script-before\/regcred is managed by "kubectl-client-side-apply"/,
      )
      assert.deepEqual(await secret(), before)
    })

    test('--adopt adopts it, and it no longer contains the old password', async () => {
      const { pullpass, script: run, secret } = await openNamespace(cluster, 'adopted')
      await run()
      const old = passwordOf(await secret())
      const { exitCode, stdout } = await pullpass('--adopt')
      const adopted = await secret()
      assert.equal(exitCode, 0)
      assert.match(stdout, /taken over from its earlier manager/)
      assert.equal(adopted.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'], undefined)
      const password = old.slice('oauth2accesstoken:'.length)
      assert.ok(password.length > 20 && !JSON.stringify(adopted).includes(password))
      assert.equal((await pullpass()).exitCode, 0)
    })

    test('a Secret that a second document adopted is left to it by the first, whose label remains', async () => {
      const { pullpass, pullpassAs, secret } = await openNamespace(cluster, 'documents')
      await pullpass()
      const adopted = await pullpassAs('other', '--adopt')
      assert.deepEqual([adopted.exitCode, adopted.stderr], [0, ''])
      const before = await secret()
      const { exitCode, stderr } = await pullpass()
      assert.equal(exitCode, 1)
      assert.match(
        stderr,
        /^SECRET_NOT_OURS .* was written by pullpass for ClusterPullSecret\/other .*; it was left unchanged\n/,
      )
      assert.deepEqual(await secret(), before)
      assert.equal((await pullpassAs('other')).exitCode, 0)
    })

    test('conflictPolicy: Adopt takes over the Secret of the usual script, and never that of another document', async () => {
      const { pullpassAs, script: run, secret } = await openNamespace(cluster, 'policy')
      await run()
      const first = await pullpassAs({ name: 'first', conflictPolicy: 'Adopt' })
      assert.match(first.stdout, /taken over from its earlier manager/)
      const before = await secret()
      const second = await pullpassAs({ name: 'second', conflictPolicy: 'Adopt' })
      assert.equal(second.exitCode, 1)
      assert.match(
        second.stderr,
        /^SECRET_NOT_OURS .* was written by pullpass for ClusterPullSecret\/first .*; it was left unchanged\n/,
      )
      assert.deepEqual(await secret(), before)
      assert.equal((await pullpassAs({ name: 'first', conflictPolicy: 'Adopt' })).exitCode, 0)
    })

    test('a document of another name adopts the Secret that was written with variables, without a second exchange while it is fresh', async () => {
      const { pullpass, pullpassAs, secret } = await openNamespace(cluster, 'moved')
      await pullpass()
      const before = await secret()
      const fresh = await pullpassAs('artifact-registry', '--min-remaining', '35m')
      assert.deepEqual([fresh.exitCode, fresh.stderr], [0, ''])
      assert.match(fresh.stdout, /unchanged .*written from the environment variables; taken over when it is due/)
      assert.deepEqual(await secret(), before)

      const due = await pullpassAs('artifact-registry')
      assert.deepEqual([due.exitCode, due.stderr], [0, ''])
      assert.match(due.stdout, /updated .*taken over from the environment variables/)
      const after = await secret()
      assert.equal(after.metadata.uid, before.metadata.uid)
      assert.deepEqual(ownersOfData(after), ['pullpass:ClusterPullSecret:artifact-registry'])
      assert.notEqual(passwordOf(after), passwordOf(before))

      const forgotten = await pullpass()
      assert.equal(forgotten.exitCode, 1)
      assert.match(
        forgotten.stderr,
        /^SECRET_NOT_OURS .* for ClusterPullSecret\/artifact-registry .*; it was left unchanged\n/,
      )
      assert.deepEqual(await secret(), after)
      const again = await pullpassAs('artifact-registry', '--min-remaining', '35m')
      assert.match(again.stdout, / unchanged /)
    })

    test('a document of the same name updates the Secret that was written with variables', async () => {
      const { pullpass, pullpassAs, secret } = await openNamespace(cluster, 'same-name')
      await pullpass()
      const before = await secret()
      const fresh = await pullpassAs('regcred', '--min-remaining', '35m')
      assert.deepEqual([fresh.exitCode, fresh.stderr], [0, ''])
      assert.deepEqual(await secret(), before)
      assert.equal((await pullpassAs('regcred')).exitCode, 0)
      assert.deepEqual(ownersOfData(await secret()), ['pullpass:ClusterPullSecret:regcred'])
    })

    test('a client-side apply of the usual script succeeds, and the next refresh restores the Secret', async () => {
      const { pullpass, script: run, secret } = await openNamespace(cluster, 'script-after')
      await pullpass()
      const { uid } = (await secret()).metadata
      await run()
      const { exitCode, stdout } = await pullpass()
      assert.equal(exitCode, 0, stdout)
      assert.match(stdout, /it had been changed by kubectl-client-side-apply, and was restored/)
      const after = await secret()
      assert.equal(after.metadata.uid, uid)
      assert.deepEqual(ownersOfData(after), ['pullpass:ClusterPullSecret:regcred'])
    })

    test('--prune deletes the Secret of a namespace that its document no longer selects', async () => {
      const [before, after] = [await openNamespace(cluster, 'prune-a'), await openNamespace(cluster, 'prune-b')]
      await before.pullpassAs('moved')
      await (await openNamespace(cluster, 'prune-c')).pullpassAs('other')
      const { exitCode, stdout } = await after.pullpassAs('moved', '--prune')
      assert.equal(exitCode, 0, stdout)
      assert.match(stdout, /prune-a\/regcred +deleted /)
      assert.doesNotMatch(stdout, /prune-c/)
      assert.equal(await before.kubectl('get', 'secrets', '-o', 'name'), '')
    })

    test('a Secret of another type is refused', async () => {
      const { pullpass, kubectl } = await openNamespace(cluster, 'typed')
      await kubectl('create', 'secret', 'generic', 'regcred', '--from-literal=a=b')
      const { exitCode, stderr } = await pullpass('--adopt')
      assert.equal(exitCode, 1)
      assert.match(stderr, /^SECRET_TYPE_WRONG \(kubernetes\): Secret typed\/regcred has another type/)
    })
  })
})
