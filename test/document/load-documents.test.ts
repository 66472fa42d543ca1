import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadText } from './load-text.ts'
import { provider, smallest, smallestDocument } from './smallest-document.ts'

suite('documents', () => {
  test('the smallest one gets its defaults', async () => {
    assert.deepEqual(await loadText(smallest), [smallestDocument])
  })

  test('one that kubectl get printed is read without what the API server and the controller set', async () => {
    const exported = smallest
      .replace(
        /^metadata: \{/m,
        'metadata: {creationTimestamp: "2026-11-24T12:00:00Z", generation: 2, resourceVersion: "7", uid: u, managedFields: [{manager: kubectl}], selfLink: /a, ',
      )
      .concat('\nstatus: {observedGeneration: 2}\n')
    assert.notEqual(exported.indexOf('creationTimestamp'), -1)
    assert.deepEqual(await loadText(exported), [smallestDocument])
    await assert.rejects(
      loadText(exported.replace('generation: 2,', 'finalizers: [a],')),
      /metadata\.finalizers is not a known field/,
    )
  })

  test('one that uses every field is taken as it is written', async () => {
    const [document] = await loadText(`
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: artifact-registry, labels: {team: images}, annotations: {example.com/why: "so\\nthat"}}
spec:
  secretName: regcred
  namespaces:
    include: [default, "team-*"]
    exclude: [team-legacy]
    selector: {matchLabels: {images: private}, matchExpressions: [{key: tier, operator: In, values: [a]}]}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev, "gcr.io:443/project/"]
      audience: https://example.com
      tokenFile: /var/run/token
      gcp:
        workloadIdentityProvider: https://iam.googleapis.com/${provider}
        serviceAccountEmail: puller@project.iam.gserviceaccount.com
        delegates: [between@project.iam.gserviceaccount.com]
        lifetime: 1h30m
        scopes: [https://www.googleapis.com/auth/cloud-platform]
        universeDomain: example.goog
        endpoints: {sts: "http://127.0.0.1:8080", iamCredentials: https://iam.example.com}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  attachToServiceAccounts: [default]
  stuckPods: Evict
  conflictPolicy: Adopt
  deletionPolicy: Delete
`)
    assert.deepEqual(document, {
      kind: 'ClusterPullSecret',
      name: 'artifact-registry',
      source: '-:2',
      secretName: 'regcred',
      namespaces: {
        include: ['default', 'team-*'],
        exclude: ['team-legacy'],
        selector: {
          matchLabels: { images: 'private' },
          matchExpressions: [{ key: 'tier', operator: 'In', values: ['a'] }],
        },
      },
      registries: [
        {
          name: 'google',
          hosts: ['europe-docker.pkg.dev', 'gcr.io:443/project/'],
          audience: 'https://example.com',
          tokenFile: '/var/run/token',
          vendor: 'gcp',
          settings: {
            workloadIdentityProvider: provider,
            serviceAccountEmail: 'puller@project.iam.gserviceaccount.com',
            delegates: ['between@project.iam.gserviceaccount.com'],
            lifetimeSeconds: 5400,
            scopes: ['https://www.googleapis.com/auth/cloud-platform'],
            universeDomain: 'example.goog',
            endpoints: { sts: 'http://127.0.0.1:8080', iamCredentials: 'https://iam.example.com' },
          },
        },
      ],
      serviceAccountRef: { namespace: 'image-system', name: 'pullpass' },
      attachToServiceAccounts: ['default'],
      stuckPods: 'Evict',
      conflictPolicy: 'Adopt',
      deletionPolicy: 'Delete',
    })
  })

  test("a tenant's PullSecret writes to its own namespace with its own account", async () => {
    const [document] = await loadText(`
apiVersion: pullpass.dev/v1alpha1
kind: PullSecret
metadata: {name: regcred, namespace: team-a}
spec:
  serviceAccountName: puller
  registries:
    - {name: google, hosts: [europe-docker.pkg.dev], gcp: {projectNumber: 123, poolId: pool, providerId: gardener}}
`)
    assert.deepEqual(document, {
      ...smallestDocument,
      kind: 'PullSecret',
      source: '-:2',
      namespace: 'team-a',
      namespaces: { include: ['team-a'] },
      serviceAccountRef: { namespace: 'team-a', name: 'puller' },
    })
  })

  test('the provider may be given in parts, its project as text or digits', async () => {
    for (const number of ['123', '"123"']) {
      const parts = `{projectNumber: ${number}, poolId: pool, providerId: gardener}`
      const [document] = await loadText(smallest.replace(/\{workloadIdentityProvider: .*\}/, parts))
      assert.deepEqual(document?.registries[0]?.settings, { workloadIdentityProvider: provider })
    }
  })

  test('many in one file keep their order and their lines; empty ones do not count', async () => {
    const second = smallest.replace('name: regcred', 'name: other')
    const documents = await loadText(`---\n# nothing here\n---\n${smallest}---\n${second}---\n`)
    assert.deepEqual(
      documents.map(({ name, source }) => `${name} ${source}`),
      ['regcred -:4', 'other -:14'],
    )
  })

  test('JSON is taken as YAML is', async () => {
    const json = {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'ClusterPullSecret',
      metadata: { name: 'regcred' },
      spec: {
        namespaces: { include: ['default'] },
        registries: [{ name: 'google', hosts: ['europe-docker.pkg.dev'], gcp: { workloadIdentityProvider: provider } }],
      },
    }
    assert.deepEqual(await loadText(JSON.stringify(json, null, '\t')), [smallestDocument])
  })

  test('anchors, aliases and merge keys are followed', async () => {
    const anchored = smallest
      .replace('gcp: {', 'gcp: &gcp {')
      .concat('    - {name: second, hosts: [gcr.io], gcp: {<<: *gcp, scopes: [https://example.com/scope]}}\n')
    const [document] = await loadText(anchored)
    assert.deepEqual(document?.registries[1]?.settings, {
      workloadIdentityProvider: provider,
      scopes: ['https://example.com/scope'],
    })
  })
})
