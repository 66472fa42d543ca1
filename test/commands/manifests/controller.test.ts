import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { controllerPermissionsOf } from '../../../src/manifests/permissions.ts'
import { documentOf, limitsOf } from '../../manifests/document-of.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const host = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }
const place = { namespace: 'pullpass-system', image: 'registry.example.com/pullpass:1.0.0' }

async function print(...flags: string[]) {
  const words = ['manifests', '-f', '-', '--image', place.image, ...flags]
  const { exitCode, stdout, stderr } = await runPullpass(host, words, { input: documentText({ gcp: { provider } }) })
  assert.deepEqual([exitCode, stderr], [0, ''])
  const objects = parseAllDocuments(stdout).map((document) => document.toJS())
  return { objects, find: (kind: string) => objects.find((object) => object.kind === kind) }
}

interface ProjectedSource {
  readonly serviceAccountToken?: { readonly expirationSeconds: number }
}

const podLabels = { 'app.kubernetes.io/name': 'pullpass', 'app.kubernetes.io/component': 'controller' }

suite('pullpass manifests --controller', () => {
  test('prints two replicas that are spread, and of which a drain removes one at a time', async () => {
    const { find } = await print('--controller')
    const { spec } = find('Deployment')
    assert.deepEqual([spec.replicas, spec.selector.matchLabels, find('CronJob')], [2, podLabels, undefined])
    assert.deepEqual(spec.template.metadata.labels, podLabels)
    for (const kind of ['Deployment', 'PodDisruptionBudget', 'NetworkPolicy', 'Lease'])
      assert.deepEqual(find(kind).metadata.labels, podLabels, kind)
    assert.deepEqual(find('PodDisruptionBudget').spec, {
      maxUnavailable: 1,
      selector: { matchLabels: podLabels },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    })
    const spread = spec.template.spec.topologySpreadConstraints
    assert.deepEqual(
      spread.map(({ topologyKey, labelSelector }: { topologyKey: string; labelSelector: object }) => [
        topologyKey,
        labelSelector,
      ]),
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((key) => [key, { matchLabels: podLabels }]),
    )
  })

  test('has the restrictions of the CronJob’s Pod, probes, and tokens that a kubelet renews', async () => {
    const ofController = (await print('--controller')).find('Deployment').spec.template.spec
    const ofJob = (await print()).find('CronJob').spec.jobTemplate.spec.template.spec
    const [container, job] = [ofController.containers[0], ofJob.containers[0]]
    assert.deepEqual(container.resources.limits, { memory: '256Mi' })
    for (const field of ['securityContext', 'image', 'volumeMounts'])
      assert.deepEqual(container[field], job[field], field)
    for (const field of ['securityContext', 'automountServiceAccountToken', 'serviceAccountName', 'enableServiceLinks'])
      assert.deepEqual(ofController[field], ofJob[field], field)
    assert.deepEqual(container.args, [
      'controller',
      '-f',
      '/etc/pullpass/documents.yaml',
      '--no-custom-resources',
      '--health-listen=*:8081',
      '--status-listen=127.0.0.1:8082', // reached by kubectl port-forward only
    ])
    assert.deepEqual(
      [container.livenessProbe.httpGet, container.readinessProbe.httpGet],
      [
        { path: '/livez', port: 'health' },
        { path: '/readyz', port: 'health' },
      ],
    )
    const tokens = (pod: typeof ofController): number[] =>
      pod.volumes.flatMap(({ projected }: { projected?: { sources: ProjectedSource[] } }) =>
        (projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken?.expirationSeconds ?? []),
      )
    assert.deepEqual(tokens(ofJob), [600, 600])
    assert.deepEqual(tokens(ofController), [3600, 1200])
    assert.ok(JSON.stringify(ofController.volumes[0]).includes('"fieldPath":"metadata.namespace"'))
  })

  test('opens only the port of its metrics, to labelled namespaces', async () => {
    const { spec } = (await print('--controller')).find('NetworkPolicy')
    assert.deepEqual(spec.podSelector, { matchLabels: podLabels })
    const from = [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }]
    assert.deepEqual(spec.ingress, [{ ports: [{ protocol: 'TCP', port: 8081 }], from }])
    assert.deepEqual(spec.egress, (await print()).find('NetworkPolicy').spec.egress)
  })

  test('has the admission policies of the CronJob, but for its Events, and one of its Lease', async () => {
    const policies = ({ objects }: Awaited<ReturnType<typeof print>>) =>
      objects.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'))
    const ofController = policies(await print('--controller'))
    const isOwn = ({ metadata: { name } }: { metadata: { name: string } }) => /^pullpass-(events|leases)\./.test(name)
    assert.deepEqual([ofController.length, ofController.filter(isOwn).length], [14, 4])
    assert.deepEqual(
      ofController.filter((one) => !isOwn(one)),
      policies(await print()).filter((one) => !isOwn(one)),
    )
  })
})

suite('pullpass manifests --controller --custom-resources', () => {
  const allowed = ['--controller', '--custom-resources', '--secret-name', 'regcred']
  const tokens = ['--service-account', 'image-system/puller', '--audience', 'sts.amazonaws.com']
  const run = async (...flags: string[]) => await runPullpass(host, ['manifests', '--image', place.image, ...flags])

  test('needs no documents, and prints the subject to trust', async () => {
    const { exitCode, stdout, stderr } = await run(...allowed, ...tokens)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^# {3}system:serviceaccount:image-system:puller$/m)
    const objects = parseAllDocuments(stdout).map((document) => document.toJS())
    const pod = objects.find(({ kind }) => kind === 'Deployment').spec.template.spec
    assert.deepEqual(pod.containers[0].args, ['controller', '--health-listen=*:8081', '--status-listen=127.0.0.1:8082'])
    assert.deepEqual(
      pod.volumes.map(({ name }: { name: string }) => name),
      ['api-access'],
    )
    assert.deepEqual(
      objects.filter(({ kind }) => kind === 'ConfigMap' || kind === 'CustomResourceDefinition'),
      [],
    )
  })

  test('without an account, warns that no token may be requested, and of the flags that permit it', async () => {
    const { exitCode, stderr } = await run(...allowed)
    assert.equal(exitCode, 0)
    assert.match(stderr, / warn the controller may request no token for custom resources: /)
    assert.match(stderr, / fix="add --service-account \S+ or --tenant-service-account NAME, and --audience AUDIENCE"$/m)
  })

  test('with an account for tenants, restricts PullSecrets, and lets those with edit in a namespace write them', async () => {
    const endpoint = ['--tenant-endpoint', 'sts.example.com:8443']
    const { stdout, stderr } = await run(
      ...allowed,
      '--audience',
      'api://one',
      '--tenant-service-account',
      'puller',
      ...endpoint,
    )
    assert.match(stdout, /^# {3}system:serviceaccount:NAMESPACE:puller, of each namespace with a PullSecret$/m, stderr)
    const objects = parseAllDocuments(stdout).map((document) => document.toJS())
    const find = (kind: string, name?: string) =>
      objects.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name))
    assert.deepEqual(find('Deployment').spec.template.spec.containers[0].args.slice(1, 5), [
      '--tenant-service-account=puller',
      '--tenant-secret-name=regcred',
      '--tenant-audience=api://one',
      '--tenant-endpoint=sts.example.com:8443',
    ])
    const ofTokens = find('ValidatingAdmissionPolicy', 'pullpass-tokens.pullpass-system')
    assert.match(
      JSON.stringify(ofTokens.spec.validations),
      /of --service-account for --audience, those of --tenant-service-account outside of kube-\*, and /,
    )
    const policy = find('ValidatingAdmissionPolicy', 'pullpass-tenants.pullpass-system')
    assert.equal(policy.spec.failurePolicy, 'Fail')
    assert.deepEqual(find('ValidatingAdmissionPolicyBinding', policy.metadata.name).spec.validationActions, [
      'Deny',
      'Audit',
    ])
    const { metadata, rules } = find('ClusterRole', 'pullpass-tenants.pullpass-system')
    const aggregated = Object.keys(metadata.labels).filter((label) => label.startsWith('rbac.'))
    assert.deepEqual(
      aggregated,
      ['edit', 'admin'].map((role) => `rbac.authorization.k8s.io/aggregate-to-${role}`),
    )
    assert.deepEqual(
      rules.flatMap(({ resources }: { resources: string[] }) => resources),
      ['pullsecrets'],
    )
    assert.equal(
      objects.some((one) => one.kind === 'ClusterRoleBinding' && one.metadata.name === metadata.name),
      false,
    )
    assert.ok(JSON.stringify(find('NetworkPolicy').spec.egress).includes('"port":8443'))
  })

  test('without one, has no permission for PullSecrets', async () => {
    assert.doesNotMatch((await run(...allowed, ...tokens)).stdout, /pullsecrets\b(?<!clusterpullsecrets)|tenant/)
  })

  test('grants nothing for service accounts and pods without the flags, and with them policies that restrict both', async () => {
    const rulesOf = async (...flags: string[]) => {
      const { stdout, stderr, exitCode } = await run(...allowed, ...flags)
      assert.equal(exitCode, 0, stderr)
      const objects = parseAllDocuments(stdout).map((document) => document.toJS())
      const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
      const rules: { resources: string[] }[] = objects.flatMap((object) => object.rules ?? [])
      return {
        stdout,
        policies: policies.map(({ metadata }) => metadata.name.replace(/\.pullpass-system$/, '')),
        resources: rules.flatMap(({ resources }) => resources),
      }
    }
    const without = await rulesOf()
    assert.doesNotMatch(without.resources.join(' '), /serviceaccounts|pods/)
    assert.ok(!without.policies.includes('pullpass-evictions'))
    const given = await rulesOf('--attach-service-account=default', '--evict-stuck-pods')
    assert.deepEqual(
      new Set(given.resources.filter((one) => !without.resources.includes(one))),
      new Set(['serviceaccounts', 'pods', 'pods/eviction']),
    )
    assert.ok(given.policies.includes('pullpass-evictions'))
    assert.match(given.stdout, /^# {3}pullpass manifests .*--attach-service-account default .*--evict-stuck-pods/m)
  })

  test('uses documents in files, too', async () => {
    const args = (await print(...allowed, ...tokens)).find('Deployment').spec.template.spec.containers[0].args
    assert.deepEqual(args.slice(0, 4), ['controller', '-f', '/etc/pullpass/documents.yaml', '--health-listen=*:8081'])
  })

  for (const [flags, seen] of [
    [['--controller', '--custom-resources'], '--custom-resources is given without --secret-name'],
    [['--custom-resources', '--secret-name', 'regcred'], '--custom-resources is given without --controller'],
    [['--controller', '--audience', 'one'], '--audience is given without --custom-resources'],
    [
      ['--controller', '--attach-service-account', 'default'],
      '--attach-service-account is given without --custom-resources',
    ],
    [['--controller', '--evict-stuck-pods'], '--evict-stuck-pods is given without --custom-resources'],
    [[...allowed, '--attach-service-account', 'team-a/default'], '--attach-service-account is "team-a/default"'],
    [[...allowed, '--audience', 'one'], '--audience is given without --service-account'],
    [[...allowed, '--service-account', 'one/two'], '--service-account is given without --audience'],
    [[...allowed, '--tenant-service-account', 'two'], '--tenant-service-account is given without --audience'],
    [
      [...allowed, ...tokens, '--tenant-endpoint', 'a.b'],
      '--tenant-endpoint is given without --tenant-service-account',
    ],
    [['--controller', '--tenant-endpoint', 'a.b'], '--tenant-endpoint is given without --custom-resources'],
    [[...allowed, ...tokens, '--tenant-service-account', 'a/b'], '--tenant-service-account is "a/b"'],
    [
      [...allowed, ...tokens, '--tenant-service-account', 'a', '--tenant-endpoint', 'https://a.b'],
      '--tenant-endpoint is "https://a.b"',
    ],
    [[...allowed, '--secret-name', 'Reg'], '--secret-name is "Reg"'],
    [
      [...allowed, '--service-account', 'one/two', '--audience', 'https://kubernetes.default.svc'],
      '--audience is "https://kubernetes.default.svc"',
    ],
  ] as const) {
    test(`is refused: ${seen}`, async () => {
      const { exitCode, stdout, stderr } = await run(...flags)
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.ok(stderr.includes(`USAGE_INVALID (run): ${seen}`), stderr)
    })
  }
})

suite('the permissions of a controller', () => {
  const lease = {
    resource: 'leases',
    verbs: ['get', 'create', 'patch'],
    names: ['pullpass-controller'],
    namespace: 'pullpass-system',
  }
  const watched = [
    { resource: 'namespaces', verbs: ['list', 'watch'] },
    { resource: 'secrets', verbs: ['list', 'watch'], names: ['regcred'] },
  ]

  test('for named namespaces allow to write only there, and to watch its Secret everywhere', () => {
    const serviceAccountRef = { namespace: 'image-system', name: 'puller' }
    assert.deepEqual(controllerPermissionsOf([documentOf({ serviceAccountRef })], place), [
      ...watched,
      { resource: 'secrets', verbs: ['create', 'patch'], names: ['regcred'], namespace: 'team-a' },
      { resource: 'serviceaccounts/token', verbs: ['create'], names: ['puller'], namespace: 'image-system' },
      lease,
      { resource: 'events', verbs: ['create'], namespace: 'team-a' },
      { resource: 'events', verbs: ['create'], namespace: 'pullpass-system' },
    ])
  })

  test('with attachToServiceAccounts allow to watch these accounts everywhere, and to change them where it writes', () => {
    const attachToServiceAccounts = ['default']
    const accounts = { resource: 'serviceaccounts', names: attachToServiceAccounts }
    const ofAccounts = (document: Parameters<typeof documentOf>[0]) =>
      controllerPermissionsOf([documentOf({ ...document, attachToServiceAccounts })], place).filter(
        ({ resource }) => resource === 'serviceaccounts',
      )
    const watch = { ...accounts, verbs: ['list', 'watch'] }
    assert.deepEqual(ofAccounts({}), [watch, { ...accounts, verbs: ['patch'], namespace: 'team-a' }])
    assert.deepEqual(ofAccounts({ namespaces: { include: ['*'] } }), [watch, { ...accounts, verbs: ['patch'] }])
  })

  test('with stuckPods: Evict allow to read and evict pods only where the document names namespaces, or everywhere', () => {
    const ofPods = (document: Parameters<typeof documentOf>[0]) =>
      controllerPermissionsOf([documentOf(document)], place).filter(({ resource }) => resource.startsWith('pods'))
    const watch = { resource: 'pods', verbs: ['list', 'watch'] }
    const evict = { resource: 'pods/eviction', verbs: ['create'] }
    const where = { namespace: 'team-a' }
    assert.deepEqual(ofPods({}), [])
    assert.deepEqual(ofPods({ stuckPods: 'Evict' }), [
      { ...watch, ...where },
      { ...evict, ...where },
    ])
    assert.deepEqual(ofPods({ stuckPods: 'Evict', namespaces: { include: ['*'] } }), [watch, evict])
  })

  test('for custom resources allow the names of the allow-list, to write only their status, and to delete Secrets', () => {
    const names = ['regcred', 'othercred']
    const accounts = [{ namespace: 'image-system', name: 'puller' }]
    const limits = limitsOf({ secretNames: names, accounts, audiences: ['sts.amazonaws.com'] })
    assert.deepEqual(controllerPermissionsOf([documentOf()], place, limits), [
      { resource: 'namespaces', verbs: ['list', 'watch'] },
      { resource: 'secrets', verbs: ['list', 'watch'], names },
      { resource: 'secrets', verbs: ['create', 'patch'], names },
      { resource: 'serviceaccounts/token', verbs: ['create'], names: ['puller'], namespace: 'image-system' },
      { resource: 'clusterpullsecrets', verbs: ['list', 'watch'] },
      { resource: 'clusterpullsecrets/status', verbs: ['patch'] },
      { resource: 'secrets', verbs: ['delete'], names },
      lease,
      { resource: 'events', verbs: ['create'] },
    ])
  })

  test('for custom resources allow to attach to the named accounts, and to evict, in every namespace', () => {
    const added = (changes: Parameters<typeof limitsOf>[0], documents: Parameters<typeof documentOf>[0][] = []) => {
      const written = documents.map(documentOf)
      const without = controllerPermissionsOf([], place, limitsOf())
      return controllerPermissionsOf(written, place, limitsOf(changes)).filter(
        (one) => !without.some((other) => isDeepStrictEqual(one, other)),
      )
    }
    const accounts = { resource: 'serviceaccounts', names: ['default', 'builder'] }
    assert.deepEqual(added({ attachedAccounts: accounts.names }), [
      { ...accounts, verbs: ['list', 'watch'] },
      { ...accounts, verbs: ['patch'] },
    ])
    const pods = [
      { resource: 'pods', verbs: ['list', 'watch'] },
      { resource: 'pods/eviction', verbs: ['create'] },
    ]
    assert.deepEqual(added({ stuckPods: 'Evict' }), pods)
    assert.deepEqual(added({ stuckPods: 'Evict' }, [{ stuckPods: 'Evict' }]), pods)
  })

  test('for PullSecrets allow tokens of the named accounts in every namespace, and to write only their status', () => {
    const tenants = { serviceAccounts: ['puller', 'images'], endpoints: [] }
    const limits = limitsOf({ audiences: ['sts.amazonaws.com'], tenants })
    const without = controllerPermissionsOf([], place, { ...limits, tenants: undefined })
    const added = controllerPermissionsOf([], place, limits).filter(
      (one) => !without.some((other) => isDeepStrictEqual(one, other)),
    )
    assert.deepEqual(added, [
      { resource: 'serviceaccounts/token', verbs: ['create'], names: ['puller', 'images'] },
      { resource: 'pullsecrets', verbs: ['list', 'watch'] },
      { resource: 'pullsecrets/status', verbs: ['patch'] },
    ])
  })

  test('for a glob allow to write its Secret everywhere', () => {
    assert.deepEqual(controllerPermissionsOf([documentOf({ namespaces: { include: ['team-*'] } })], place), [
      ...watched,
      { resource: 'secrets', verbs: ['create', 'patch'], names: ['regcred'] },
      lease,
      { resource: 'events', verbs: ['create'] },
    ])
  })
})
