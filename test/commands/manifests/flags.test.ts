import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { documentText } from '../../support/document-text.ts'
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const host = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }
const image = ['--image', 'registry.example.com/pullpass:1.0.0']
const input = documentText({ gcp: { provider } })

const print = (...flags: string[]) => runPullpass(host, ['manifests', '-f', '-', ...image, ...flags], { input })

function objectsOf({ exitCode, stdout, stderr }: PullpassRun) {
  assert.deepEqual([exitCode, stderr], [0, ''])
  return parseAllDocuments(stdout).map((document) => document.toJS())
}

async function printed(...flags: string[]) {
  const objects = objectsOf(await print(...flags))
  const find = (kind: string) => objects.find((object) => object.kind === kind)
  const { spec } = find('CronJob')
  const { template } = spec.jobTemplate.spec
  const [{ env = [], args, volumeMounts }] = template.spec.containers
  return {
    objects,
    schedule: spec.schedule,
    deadline: spec.jobTemplate.spec.activeDeadlineSeconds,
    template,
    args,
    volumeMounts,
    variables: Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value])),
    configMaps: Object.fromEntries(
      objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data }) => [metadata.name, data]),
    ),
    egress: find('NetworkPolicy')?.spec.egress,
    settingsPolicy: objects.find(({ metadata }) => metadata.name === 'pullpass-settings.pullpass-system'),
  }
}

const tcp = (port: number) => ({ protocol: 'TCP', port })

suite('pullpass manifests refuses a system namespace', () => {
  for (const namespace of ['default', 'kube-system', 'kube-public', 'openshift', 'openshift-config']) {
    test(`${namespace}: its other Pods would have to obey the labels of the Namespace`, async () => {
      const { exitCode, stdout, stderr } = await print('--namespace', namespace)
      assert.deepEqual([exitCode, stdout], [2, ''])
      const seen = `--namespace is ${namespace}, a namespace of the cluster itself`
      assert.ok(stderr.startsWith(`USAGE_INVALID (run): ${seen}\n`), stderr)
      assert.match(stderr, /^ {2}expected a namespace for pullpass only: .* Pod security level/m)
    })
  }

  test('and accepts names that only share a prefix with one', async () => {
    for (const namespace of ['default-images', 'kubernetes-images', 'openshifted'])
      assert.equal((await print('--namespace', namespace)).exitCode, 0)
  })
})

suite('pullpass manifests adapts the Pods to their cluster', () => {
  test('--schedule sets when they run, and thereby the remaining lifetime that causes an exchange', async () => {
    const { schedule, args, deadline } = await printed('--schedule', '*/10 * * * *')
    assert.equal(schedule, '*/10 * * * *')
    assert.deepEqual(args.slice(-2), ['--min-remaining', '25m'])
    assert.equal(deadline, 540)
  })

  test('--labels are set on each object and on the Pods, in addition to the labels of pullpass', async () => {
    const { objects, template } = await printed('--labels', 'team=platform,env=prod', '--labels', 'example.com/cost=')
    const expected = { team: 'platform', env: 'prod', 'example.com/cost': '', 'app.kubernetes.io/name': 'pullpass' }
    for (const { metadata } of [...objects, template]) {
      for (const [key, value] of Object.entries(expected)) assert.equal(metadata.labels[key], value)
    }
    const selector = objects.find(({ kind }) => kind === 'NetworkPolicy').spec.podSelector.matchLabels
    assert.deepEqual(selector, { 'app.kubernetes.io/name': 'pullpass', 'app.kubernetes.io/component': 'refresh' })
  })

  test('--node-selector and --toleration select their nodes', async () => {
    const { template } = await printed(
      '--node-selector',
      'node-role.kubernetes.io/infra=,pool=system',
      '--toleration',
      'dedicated=infra:NoSchedule',
      '--toleration',
      'node-role.kubernetes.io/control-plane:NoSchedule',
      '--toleration',
      'spot',
    )
    assert.deepEqual(template.spec.nodeSelector, {
      'node-role.kubernetes.io/infra': '',
      pool: 'system',
      'kubernetes.io/os': 'linux',
    })
    assert.deepEqual(template.spec.tolerations, [
      { key: 'dedicated', operator: 'Equal', value: 'infra', effect: 'NoSchedule' },
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
      { key: 'spot', operator: 'Exists' },
    ])
  })

  test('--https-proxy and --no-proxy are their variables, and the NetworkPolicy allows the proxy', async () => {
    const named = await printed('--https-proxy', 'proxy.example.com:3128', '--no-proxy', '.example.com,10.0.0.0/8')
    assert.deepEqual(named.variables, {
      HTTPS_PROXY: 'http://proxy.example.com:3128',
      NO_PROXY: '.example.com,10.0.0.0/8',
    })
    assert.deepEqual(named.egress.at(-1), { ports: [tcp(3128)] })
    const { egress } = await printed('--https-proxy', 'http://10.1.2.3:8080')
    assert.deepEqual(egress.at(-1), { ports: [tcp(8080)], to: [{ ipBlock: { cidr: '10.1.2.3/32' } }] })
    const v6 = await printed('--https-proxy', 'http://[fd00::1]:8080')
    assert.deepEqual(v6.egress.at(-1).to, [{ ipBlock: { cidr: 'fd00::1/128' } }])
  })

  test('--ca-file is a ConfigMap that the settings policy protects; --ca-configmap is one of yours', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default'] })
    const file = join(sandbox.folder.path, 'ca.pem')
    const { ca } = await createCertificateAuthority()
    await writeFile(file, `# ours\n${ca}`)
    const ofFile = await printed('--ca-file', file)
    assert.equal(ofFile.configMaps['pullpass-ca']['ca.crt'].trim(), ca.trim())
    assert.equal(ofFile.variables['PULLPASS_CA_FILE'], '/etc/pullpass-ca/ca.crt')
    assert.match(
      JSON.stringify(ofFile.settingsPolicy.spec.matchConditions),
      /documents\|publish\|ca\|issuer-credentials/,
    )
    const mounted = { name: 'ca', mountPath: '/etc/pullpass-ca', readOnly: true }
    assert.deepEqual(ofFile.volumeMounts.at(-2), mounted)

    const run = await print('--ca-configmap', 'trust-bundle/bundle.pem')
    const pod = objectsOf(run).find(({ kind }) => kind === 'CronJob').spec.jobTemplate.spec.template.spec
    assert.deepEqual(
      pod.volumes.find(({ name }: { name: string }) => name === 'ca'),
      { name: 'ca', configMap: { name: 'trust-bundle', items: [{ key: 'bundle.pem', path: 'ca.crt' }] } },
    )
    assert.match(run.stdout, /^# Accounts that can write ConfigMap pullpass-system\/trust-bundle decide which servers/m)
  })
})

suite('pullpass manifests warns of variables that the CronJob will not have', () => {
  const environment = {
    PULLPASS_GCP_STS_ENDPOINT: 'https://sts.example.com',
    PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: '',
    PULLPASS_GCP_IAM_ENDPOINT: 'https://iam.example.com',
    PULLPASS_GCP_STORAGE_ENDPOINT: 'https://storage.example.com',
    AWS_ENDPOINT_URL_STS: 'https://sts.example.com',
    PULLPASS_CA_FILE: 'ca.pem',
  }
  const warnings = ({ stderr }: PullpassRun) =>
    [...stderr.matchAll(/ warn .*variable="(\w+)" fix="(.*?)"/g)].map((match) => match.slice(1))

  test('those that the exchange uses and PULLPASS_CA_FILE, with their replacement; not those of operators and other vendors', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runPullpass(host, ['manifests', '-f', '-', ...image], {
      input,
      environment: { ...environment, PULLPASS_CA_FILE: sandbox.folder.caFile },
    })
    assert.equal(run.exitCode, 0)
    const inDocument = 'if the exchange needs it, set it under endpoints of the registry in the document; else unset it'
    assert.deepEqual(warnings(run), [
      ['PULLPASS_GCP_STS_ENDPOINT', inDocument],
      ['PULLPASS_CA_FILE', 'give --ca-file FILE or --ca-configmap NAME'],
    ])
  })

  test('PULLPASS_CA_FILE is not reported where --ca-configmap provides the certificate authorities', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runPullpass(host, ['manifests', '-f', '-', ...image, '--ca-configmap', 'trust-bundle'], {
      input,
      environment: { PULLPASS_CA_FILE: sandbox.folder.caFile },
    })
    assert.deepEqual([run.exitCode, warnings(run)], [0, []])
  })
})

suite('the NetworkPolicy that pullpass manifests prints', () => {
  test('allows DNS at 53 and 5353, clouds at 443, and API servers at the default ports', async () => {
    const [dns, clouds, servers, ...more] = (await printed()).egress
    assert.deepEqual(dns, {
      ports: [53, 5353].flatMap((port) => [
        { protocol: 'UDP', port },
        { protocol: 'TCP', port },
      ]),
    })
    assert.deepEqual([clouds.ports, servers, more], [[tcp(443)], { ports: [tcp(6443)] }, []])
  })

  test('allows API servers at the ports that are named', async () => {
    const { egress } = await printed('--api-server-port', '16443', '--api-server-port', '8443')
    assert.deepEqual(egress.slice(2), [{ ports: [tcp(8443), tcp(16443)] }])
  })

  test('allows API servers at the ports that the EndpointSlices of the named cluster show', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const words = ['manifests', '-f', '-', ...image, '--kubeconfig', sandbox.folder.kubeconfigFile]
    const objects = objectsOf(await runPullpass(host, words, { input }))
    const policy = objects.find(({ kind }) => kind === 'NetworkPolicy')
    const { port } = new URL(sandbox.parts.kubernetes.url)
    assert.deepEqual(policy.spec.egress.slice(2), [{ ports: [tcp(Number(port))] }])
  })

  test('allows the ports of endpoints that a document names', async () => {
    const private_ = input.replace(
      /(workloadIdentityProvider: \S+)/,
      '$1\n        endpoints: {sts: "https://sts.example.internal:9443"}',
    )
    const run = await runPullpass(host, ['manifests', '-f', '-', ...image], { input: private_ })
    const policy = objectsOf(run).find(({ kind }) => kind === 'NetworkPolicy')
    assert.deepEqual(policy.spec.egress.slice(2), [{ ports: [tcp(6443), tcp(9443)] }])
  })

  test('is omitted with --no-network-policy', async () => {
    assert.equal((await printed('--no-network-policy')).egress, undefined)
  })
})

suite('pullpass manifests refuses, with exit code 2 and nothing printed', () => {
  const refused: Record<string, [flags: string[], message: RegExp]> = {
    'an empty image': [['--image='], /--image requires a value: IMAGE|--image is given twice/],
    'a schedule of a day': [
      ['--schedule', '0 3 * * *'],
      /leaves 1440 minutes between two runs\n {2}expected at most 30/,
    ],
    'a schedule of words': [['--schedule', '@hourly'], /--schedule is "@hourly"\n {2}expected five fields in cron/],
    'a label without a value': [['--labels', 'team'], /--labels is "team"\n {2}expected KEY=VALUE/],
    'a label that cannot exist': [['--labels', 'te am=x'], /--labels is "te am=x"\n {2}expected a label's key/],
    'a label twice': [['--labels', 'a=1,a=2'], /--labels names "a" twice/],
    'a label of pullpass’s own': [
      ['--labels', 'app.kubernetes.io/component=x'],
      /--labels is "app\.kubernetes\.io\/component=x"\n {2}expected a label that pullpass does not set itself/,
    ],
    'a node selector that is none': [['--node-selector', 'pool'], /--node-selector is "pool"\n {2}expected KEY=VALUE/],
    'an effect that is none': [
      ['--toleration', 'a=b:Never'],
      /--toleration is "a=b:Never"\n.*EFFECT is one of NoSchedule, PreferNoSchedule, NoExecute/,
    ],
    'a taint without a key': [['--toleration', ':NoSchedule'], /--toleration is ":NoSchedule"/],
    'a proxy that is not a URL': [['--https-proxy', 'http://'], /--https-proxy is not the URL of a proxy/],
    'a SOCKS proxy': [['--https-proxy', 'socks5://proxy:1080'], /--https-proxy is a socks5 proxy/],
    'a proxy with a user': [
      ['--https-proxy', 'http://hunter@proxy:3128'],
      /^(?!.*hunter)[\s\S]*contains a user or password, not shown/,
    ],
    'a proxy with a password': [['--https-proxy', 'http://user:hunter2@proxy:3128'], /^(?!.*hunter2)[\s\S]*not shown/],
    'an exception that is not a network': [
      ['--https-proxy', 'proxy.example.com:3128', '--no-proxy', '.example.com,10.0.0.0/99'],
      /--no-proxy has the entry "10\.0\.0\.0\/99", which no host matches/,
    ],
    'exceptions of no proxy': [['--no-proxy', '.example.com'], /--no-proxy is given without --https-proxy/],
    'two authorities': [['--ca-file', 'x.pem', '--ca-configmap', 'x'], /--ca-configmap is given with --ca-file|x\.pem/],
    'a ConfigMap that cannot exist': [
      ['--ca-configmap', 'Trust'],
      /--ca-configmap is "Trust"\n {2}expected lower-case/,
    ],
    'a port that is none': [['--api-server-port', '70000'], /--api-server-port is "70000"\n {2}expected a port/],
    'ports of a NetworkPolicy that is left out': [
      ['--api-server-port', '6443', '--no-network-policy'],
      /--api-server-port is given with --no-network-policy/,
    ],
    'a cluster that is not read': [
      ['--context', 'prod', '--no-network-policy'],
      /--context has no effect: the ports of API servers are not looked up/,
    ],
  }
  for (const [title, [flags, message]] of Object.entries(refused)) {
    test(title, async () => {
      const { exitCode, stdout, stderr } = await print(...flags)
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }
})
