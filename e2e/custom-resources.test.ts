/** deploy/crds on a real API server, with kubectl: what is accepted, what is refused and how, and what people see. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { requestAsAdmin, requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from './parts/process/find-program.ts'
import { type ProgramRun, runProgram } from './parts/process/run-program.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const collection = '/apis/pullpass.dev/v1alpha1/clusterpullsecrets'

const startSetup = () =>
  startPart('custom-resources', async ({ folder, use }) => {
    const plane = await use(startControlPlane())
    const kubectl = findInstalledProgram('kubectl', 'kubernetes-client')
    await writeFile(join(folder, 'kubeconfig'), plane.kubeconfig, { mode: 0o600 })
    const run = async (argv: readonly string[], stdin = ''): Promise<ProgramRun> =>
      await runProgram(kubectl, argv, { environment: { KUBECONFIG: join(folder, 'kubeconfig') }, stdin })
    const applied = await run(['apply', '--server-side', '-f', 'deploy/crds/manifests.yaml'])
    if (applied.exitCode !== 0) throw new Error(applied.stderr)
    // An API server serves a kind as soon as its names are accepted, a moment before the condition Established.
    const established = await run([
      'wait',
      '--for=condition=Established',
      '--timeout=20s',
      '-f',
      'deploy/crds/manifests.yaml',
    ])
    if (established.exitCode !== 0) throw new Error(established.stderr)
    await waitUntil('the kind', 20_000, async () => {
      const { status } = await requestKubernetes(plane, { path: collection })
      return status === 200 || undefined
    })
    return { plane, run }
  })

interface ClusterPullSecret {
  metadata: { name: string }
  spec: Record<string, unknown> & {
    namespaces: Record<string, unknown>
    registries: Record<string, unknown>[]
  }
}

const valid = (name: string): ClusterPullSecret =>
  parse(`
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  secretName: regcred
  namespaces: {include: [default, "team-*"]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp: {workloadIdentityProvider: projects/123/locations/global/workloadIdentityPools/pool/providers/cluster}
    - name: any
      hosts: ["*.registry.example.com"]
      http:
        url: https://registry.example.com/token
        token: {in: Bearer}
        json: {nested: {deep: [1, text, null]}}
        response: {password: /token}
`)

/** What a mistake changes, and the refusal. */
const mistakes: Readonly<Record<string, readonly [(written: ClusterPullSecret) => void, RegExp]>> = {
  'two vendors in one registry': [
    ({ spec }) => Object.assign(spec.registries[0] ?? {}, { quay: { robot: 'example+robot' } }),
    /spec\.registries\[0\]: Invalid value: .*exactly one of: gcp, aws, /s,
  ],
  'no vendor': [
    ({ spec }) => delete spec.registries[0]?.['gcp'],
    /spec\.registries\[0\]: .*exactly one of: gcp, aws, /s,
  ],
  'no namespaces': [
    ({ spec }) => Object.assign(spec, { namespaces: {} }),
    /spec\.namespaces: .*include, selector or both are required; for every namespace: include: \["\*"\]/s,
  ],
  'an empty selector': [
    ({ spec }) => Object.assign(spec, { namespaces: { selector: { matchLabels: {} } } }),
    /spec\.namespaces\.selector: .*matchLabels or matchExpressions are required/s,
  ],
  'an operator without its values': [
    ({ spec }) =>
      Object.assign(spec, { namespaces: { selector: { matchExpressions: [{ key: 'team', operator: 'In' }] } } }),
    /matchExpressions\[0\]: .*In and NotIn require values/s,
  ],
  'a glob for kube-*': [
    ({ spec }) => Object.assign(spec, { namespaces: { include: ['kube-*'] } }),
    /spec\.namespaces\.include\[0\]: .*namespaces kube-\* are selected only by their exact name/s,
  ],
  'no serviceAccountRef': [
    ({ spec }) => delete spec['serviceAccountRef'],
    /spec: .*serviceAccountRef is required: the token of this ServiceAccount is requested for each registry/s,
  ],
  'two registries of one name': [
    ({ spec }) => Object.assign(spec.registries[1] ?? {}, { name: 'google' }),
    /spec\.registries\[1\]: Duplicate value: .*google/s,
  ],
  'a host with a scheme': [
    ({ spec }) => Object.assign(spec.registries[0] ?? {}, { hosts: ['https://europe-docker.pkg.dev'] }),
    /spec\.registries\[0\]\.hosts\[0\]: Invalid value: "https:\/\/europe-docker\.pkg\.dev"/,
  ],
  'no registry': [
    ({ spec }) => Object.assign(spec, { registries: [] }),
    /spec\.registries: Invalid value: .*at least 1 items/s,
  ],
  'a file of a token': [
    ({ spec }) => Object.assign(spec.registries[0] ?? {}, { tokenFile: '/var/run/secrets/token' }),
    /tokenFile/,
  ],
}

interface PullSecret {
  metadata: { name: string; namespace: string }
  spec: Record<string, unknown> & { registries: Record<string, unknown>[] }
}

const validTenant = (name: string): PullSecret =>
  parse(`
apiVersion: pullpass.dev/v1alpha1
kind: PullSecret
metadata: {name: ${name}, namespace: default}
spec:
  serviceAccountName: puller
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp: {workloadIdentityProvider: projects/123/locations/global/workloadIdentityPools/pool/providers/cluster}
`)

/** Of a PullSecret. */
const tenantMistakes: Readonly<Record<string, readonly [(written: PullSecret) => void, RegExp]>> = {
  'two vendors in one registry': [
    ({ spec }) => Object.assign(spec.registries[0] ?? {}, { quay: { robot: 'example+robot' } }),
    /spec\.registries\[0\]: .*exactly one of: gcp, aws, /s,
  ],
  'no serviceAccountName': [
    ({ spec }) => delete spec['serviceAccountName'],
    /spec\.serviceAccountName: Required value/,
  ],
  'an account of another namespace': [
    ({ spec }) => Object.assign(spec, { serviceAccountName: 'kube-system/puller' }),
    /spec\.serviceAccountName: Invalid value: "kube-system\/puller"/,
  ],
  namespaces: [
    ({ spec }) => Object.assign(spec, { namespaces: { include: ['*'] } }),
    /unknown field "spec\.namespaces"/,
  ],
  'a request of any form': [
    ({ spec }) => Object.assign(spec.registries[0] ?? {}, { http: { url: 'https://10.0.0.1/' } }),
    /unknown field "spec\.registries\[0\]\.http"/,
  ],
  'an endpoint': [
    ({ spec }) =>
      Object.assign(spec, {
        registries: [{ name: 'q', hosts: ['quay.io'], quay: { robot: 'a+bc', endpoint: 'https://a' } }],
      }),
    /unknown field "spec\.registries\[0\]\.quay\.endpoint"/,
  ],
  'more registries than a tenant may have': [
    ({ spec }) =>
      Object.assign(spec, {
        registries: Array.from({ length: 17 }, (_, index) => ({ ...spec.registries[0], name: `r${index}` })),
      }),
    /spec\.registries: Too many: 17: must have at most 16 items/,
  ],
}

await withRealPart('an API server and kubectl', startSetup, ({ plane, run }) => {
  const apply = async (object: ClusterPullSecret | PullSecret) => await run(['apply', '-f', '-'], stringify(object))
  const written = async (name: string): Promise<ClusterPullSecret> =>
    JSON.parse((await requestAsAdmin(plane, { path: `${collection}/${name}` })).body)

  suite('ClusterPullSecret and PullSecret as custom resources', () => {
    for (const resource of ['clusterpullsecrets', 'pullsecrets']) {
      test(`the API server accepts the whole schema of ${resource}, without a violation of the structural rules`, async () => {
        const { body } = await requestAsAdmin(plane, { path: `${definitions}/${resource}.pullpass.dev` })
        const { status }: { status: { conditions: { type: string; status: string }[] } } = JSON.parse(body)
        const conditions = Object.fromEntries(status.conditions.map((one) => [one.type, one.status]))
        assert.equal(conditions['Established'], 'True', body)
        assert.equal(conditions['NonStructuralSchema'] ?? 'False', 'False', body)
      })
    }

    test('a valid one is stored as it was written', async () => {
      const { exitCode, stdout, stderr } = await apply(valid('stored'))
      assert.deepEqual([exitCode, stdout], [0, 'clusterpullsecret.pullpass.dev/stored created\n'], stderr)
      assert.deepEqual((await written('stored')).spec, valid('stored').spec)
    })

    for (const [title, [change, refusal]] of Object.entries(mistakes)) {
      test(`${title} is refused when it is applied`, async () => {
        const object = valid('refused')
        change(object)
        const { exitCode, stderr } = await apply(object)
        assert.equal(exitCode, 1)
        assert.match(stderr, refusal)
        assert.equal((await requestKubernetes(plane, { path: `${collection}/refused` })).status, 404)
      })
    }

    for (const [title, [change, refusal]] of Object.entries(tenantMistakes)) {
      test(`${title} in a PullSecret is refused when it is applied`, async () => {
        const object = validTenant('refused')
        change(object)
        const { exitCode, stderr } = await apply(object)
        assert.equal(exitCode, 1)
        assert.match(stderr, refusal)
      })
    }

    test('a PullSecret is printed, described and explained; the name of its Secret is immutable', async () => {
      const created = await apply(validTenant('team'))
      assert.deepEqual(
        [created.exitCode, created.stdout],
        [0, 'pullsecret.pullpass.dev/team created\n'],
        created.stderr,
      )
      const { stdout } = await run(['get', 'ps', '--all-namespaces'])
      assert.match(
        stdout.replace(/ {2,}/g, '|'),
        /^NAMESPACE\|NAME\|SECRET\|REGISTRIES\|READY\|EXPIRES\|AGE\ndefault\|team\|/,
      )
      assert.match((await run(['get', 'pullpass'])).stdout, /pullsecret\.pullpass\.dev\/team /)
      assert.match((await run(['describe', 'pullsecret', 'team'])).stdout, /Service Account Name: +puller/)
      const explained = await run(['explain', 'pullsecrets.spec.serviceAccountName'])
      assert.match(explained.stdout.replace(/\s+/g, ' '), /ServiceAccount of the same namespace/, explained.stderr)
      const renamed = validTenant('team')
      renamed.spec['secretName'] = 'other'
      assert.match((await apply(renamed)).stderr, /the name of the Secret is immutable/)
    })

    test('the name of the Secret is immutable, whether it is written or the default', async () => {
      await apply(valid('named'))
      const renamed = valid('named')
      renamed.spec['secretName'] = 'other'
      assert.match((await apply(renamed)).stderr, /the name of the Secret is immutable/)
      const unnamed = valid('named')
      delete unnamed.spec['secretName']
      assert.match((await apply(unnamed)).stderr, /the name of the Secret is immutable/)
      const byDefault = valid('default-name')
      delete byDefault.spec['secretName']
      await apply(byDefault)
      const explicit = valid('default-name')
      explicit.spec['secretName'] = 'default-name'
      assert.equal((await apply(explicit)).exitCode, 0)
    })

    test('kubectl get prints Secret, registries, readiness and expiry, also by the short name and the category', async () => {
      await apply(valid('shown'))
      const status = {
        observedGeneration: 1,
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'Fresh',
            message: '3 of 3 namespaces are fresh',
            observedGeneration: 1,
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
        secretName: 'regcred',
        registries: 'google, any',
        namespaces: { selected: 3, fresh: 3, failing: 0 },
        expiresAt: '2199-01-01T00:00:00Z',
      }
      const path = `${collection}/shown/status`
      await requestAsAdmin(plane, {
        method: 'PATCH',
        path,
        contentType: 'application/merge-patch+json',
        body: { status },
      })
      const { stdout } = await run(['get', 'cps', 'shown'])
      const [header = '', row = ''] = stdout.split('\n').map((line) => line.split(/ {2,}/).join('|'))
      assert.match(header, /^NAME\|SECRET\|REGISTRIES\|READY\|EXPIRES\|AGE/)
      assert.match(row, /^shown\|regcred\|google, any\|True\|2199-01-01T00:00:00Z\|\d+s/)
      assert.match((await run(['get', 'pullpass'])).stdout, /^clusterpullsecret\.pullpass\.dev\/shown /m)
      const described = await run(['describe', 'clusterpullsecret', 'shown'])
      assert.match(described.stdout, /Message: +3 of 3 namespaces are fresh/)
    })

    test('kubectl explain has the description of each field', async () => {
      const explained = await run(['explain', 'clusterpullsecrets.spec.registries.gcp.workloadIdentityProvider'])
      assert.match(explained.stdout.replace(/\s+/g, ' '), /Full resource name of the provider/, explained.stderr)
    })

    test('the definition is that of this version', async () => {
      for (const document of parseAllDocuments(await readFile('deploy/crds/manifests.yaml', 'utf8'))) {
        const stored = document.toJS()
        const { body } = await requestAsAdmin(plane, { path: `${definitions}/${stored.metadata.name}` })
        const { spec }: { spec: { names: object; versions: { schema: object }[] } } = JSON.parse(body)
        assert.deepEqual(spec.versions[0]?.schema, stored.spec.versions[0].schema)
      }
    })
  })
})
