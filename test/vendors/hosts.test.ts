import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadDocuments } from '../../src/document/load-documents.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { documentOf, faultOf, loadRegistry } from './exchange-registry.ts'

/** Fields of a registry, a host of the vendor, and a host that only resembles it. */
const bound: Readonly<Record<string, readonly [fields: string, own: readonly string[], others: readonly string[]]>> = {
  gcp: [
    'gcp: {workloadIdentityProvider: projects/123/locations/global/workloadIdentityPools/pool/providers/cluster}',
    ['europe-docker.pkg.dev/project/', 'us-docker.pkg.dev:443', '"*.pkg.dev"', 'gcr.io', '"*.gcr.io"', 'mirror.gcr.io'],
    [
      'registry.example.com',
      'pkg.dev',
      'pkg.dev.example.com',
      'docker-pkg.dev',
      'fakegcr.io',
      '"*gcr.example.io"',
      'gcr.io.example.com',
      'localhost.example.com',
    ],
  ],
  aws: [
    'aws: {roleArn: "arn:aws:iam::123456789012:role/puller", region: eu-west-1}',
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
    ['registry.example.com', '123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com'],
  ],
  awsPublic: [
    'awsPublic: {roleArn: "arn:aws:iam::123456789012:role/puller"}',
    ['public.ecr.aws', 'ecr-public.aws.com'],
    ['registry.example.com'],
  ],
  chainguard: [
    'chainguard: {identity: 45a0c61ea6fd977f050c5fb9ac06a69eed764595/7f3b2d9c1f0a4e5b}',
    ['cgr.dev', 'cgr.dev/acme/'],
    ['cgr.dev.example.com', 'fakecgr.dev'],
  ],
  yandex: ['yandex: {serviceAccountId: ajeexample0123456789}', ['cr.yandex'], ['cr.yandex.example.com', 'xcr.yandex']],
  alibaba: [
    'alibaba: {roleArn: "acs:ram::123456789012:role/p", oidcProviderArn: "acs:ram::123456789012:oidc-provider/c", region: eu-central-1, instanceId: cri-example}',
    ['acme-registry.eu-central-1.cr.aliyuncs.com'],
    ['acme-registry.example.com', 'cr.aliyuncs.com.example.com'],
  ],
  tencent: [
    'tencent: {roleArn: "qcs::cam::uin/100000000001:roleName/p", providerId: c, region: eu-frankfurt, registryId: tcr-example}',
    ['acme.tencentcloudcr.com'],
    ['tencentcloudcr.com.example.com', 'faketencentcloudcr.com'],
  ],
}

/** Fields of a registry at a vendor that serves domains of customers, or whose rules check the hosts, for a host of its own. */
const unbound: Readonly<Record<string, string>> = {
  azure:
    'azure: {tenantId: 11111111-2222-4333-8444-555555555555, clientId: 66666666-7777-4888-9999-aaaaaaaaaaaa, registry: example.azurecr.io}',
  jfrog: 'jfrog: {url: "https://acme.example.com", providerName: cluster}',
  cloudsmith: 'cloudsmith: {organization: acme, service: puller}',
  quay: 'quay: {robot: acme+puller, endpoint: "https://registry.example.com"}',
  token: 'audience: x, token: {}',
  oidc: 'audience: x, oidc: {url: "https://a.example.com", username: a}',
  http: 'audience: x, http: {url: "https://a.io", token: {in: Bearer}, username: a, response: {password: /a}}',
  static: 'static: {secretRef: {namespace: image-system, name: hub}}',
}

test('each vendor states its hosts, or that its credential is for any host', () => {
  const withSettings = Object.keys(vendors).filter((name) => vendors[name]?.settings !== undefined)
  assert.deepEqual([...Object.keys(bound), ...Object.keys(unbound)].toSorted(), withSettings.toSorted())
})

suite('the credential of a vendor', () => {
  test('that goes to other hosts by hostPolicy: Any is reported by refresh and doctor', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
    const own = `localhost:${sandbox.parts.registry.port}`
    const registry = `hosts: ["${own}", proxy.example.com], hostPolicy: Any, gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}, serviceAccountEmail: puller@example-project.iam.gserviceaccount.com}`
    const file = await sandbox.write('any.yaml', documentOf(registry))
    const { stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.match(
      stderr,
      /hostPolicy Any: the credential is sent to hosts that are not of its vendor .*registry="?images"? hosts="?proxy\.example\.com"?$/m,
    )
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(
      stdout,
      /^document +ok +registry images of pull: hostPolicy Any: the credential is sent to proxy\.example\.com$/m,
    )
  })

  for (const [vendor, [fields, own, others]] of Object.entries(bound)) {
    test(`of ${vendor} is for its own hosts, and a loopback address`, async () => {
      for (const host of [...own, 'localhost:5000', '127.0.0.1:5000']) {
        assert.equal((await loadRegistry(`hosts: [${host}], ${fields}`)).vendor, vendor, host)
      }
    })

    test(`of ${vendor} is stored for no other host, unless the document states hostPolicy: Any`, async () => {
      for (const host of [...others, '127.999.0.1', '127.0.0.256:5000']) {
        const fault = await faultOf(loadRegistry(`hosts: [${host}], ${fields}`))
        assert.equal(fault.code, 'DOCUMENT_INVALID')
        assert.match(fault.seen, /registries\[0\]\.hosts\[0\] is "/)
        assert.match(
          `${fault.expected}`,
          /, to which the credential belongs; for a proxy .*: hostPolicy: Any$|^ACCOUNT/,
        )
      }
      const [other] = others
      assert.deepEqual((await loadRegistry(`hosts: [${other}], hostPolicy: Any, ${fields}`)).hosts, [other])
    })
  }

  test('of another universe or endpoint is for any host', async () => {
    const provider =
      'workloadIdentityProvider: projects/123/locations/global/workloadIdentityPools/pool/providers/cluster'
    const elsewhere = [
      `gcp: {${provider}, universeDomain: universe.example.com}`,
      `gcp: {${provider}, endpoints: {sts: "https://sts.example.com"}}`,
      'chainguard: {identity: 45a0/7f3b, endpoint: "https://issuer.example.com"}',
    ]
    for (const fields of elsewhere) {
      assert.deepEqual((await loadRegistry(`hosts: [registry.example.com], ${fields}`)).hosts, ['registry.example.com'])
    }
  })

  for (const [vendor, endpoints] of [
    ['gcp', '{}'],
    ['gcp', '{sts: "https://sts.googleapis.com", iamCredentials: "https://iamcredentials-psc.p.googleapis.com"}'],
    ['aws', '{}'],
    ['aws', '{sts: "https://sts.eu-central-1.amazonaws.com"}'],
    ['aws', '{ecr: "https://ecr-fips.us-east-1.api.aws:443"}'],
    ['awsPublic', '{}'],
    ['awsPublic', '{sts: "https://sts.us-east-1.amazonaws.com"}'],
    ['alibaba', '{}'],
    ['alibaba', '{cr: "https://cr.eu-central-1.aliyuncs.com"}'],
    ['tencent', '{}'],
    ['tencent', '{sts: "https://sts.tencentcloudapi.com"}'],
  ] as const) {
    test(`of ${vendor} is for its own hosts also with endpoints: ${endpoints}`, async () => {
      const [fields, , others] = bound[vendor] ?? assert.fail()
      const more = fields.replace(/\}$/, `, endpoints: ${endpoints}}`)
      const fault = await faultOf(loadRegistry(`hosts: [${others[0]}], ${more}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, /registries\[0\]\.hosts\[0\] is "/)
      const elsewhere = fields.replace(/\}$/, ', endpoints: {sts: "https://sts.googleapis.com.example.com"}}')
      assert.equal((await loadRegistry(`hosts: [registry.example.com], ${elsewhere}`)).vendor, vendor)
    })
  }

  test('is for any host where the vendor serves domains of its customers', async () => {
    for (const fields of Object.values(unbound)) {
      assert.deepEqual((await loadRegistry(`hosts: [registry.example.com], ${fields}`)).hosts, ['registry.example.com'])
    }
  })

  test('of a tenant’s document is for the hosts of the vendor, without exception', async () => {
    const [fields] = bound['chainguard'] ?? []
    const other = await faultOf(loadRegistry(`hosts: [registry.example.com], ${fields}`, 'PullSecret'))
    assert.equal(other.expected, 'cgr.dev or a host below it, to which the credential belongs')
    const any = await faultOf(loadRegistry(`hosts: [registry.example.com], hostPolicy: Any, ${fields}`, 'PullSecret'))
    assert.match(any.seen, /registries\[0\]\.hostPolicy is not a known field/)
  })

  test('needs no hostPolicy where every host is the vendor’s', async () => {
    const fault = await faultOf(loadRegistry('hosts: [quay.io], hostPolicy: Any, quay: {robot: acme+puller}'))
    assert.match(fault.seen, /registries\[0\]\.hostPolicy is Any, which has no effect here/)
  })

  test('from variables is for the hosts of the vendor', async () => {
    const environment = {
      PROJECT_NUMBER: '123',
      POOL_ID: 'pool',
      PROVIDER_ID: 'provider',
      SERVICE_ACCOUNT_EMAIL: 'puller@example-project.iam.gserviceaccount.com',
      REGISTRY_SECRET_NAME: 'regcred',
      REGISTRY_SECRET_NAMESPACES: 'default',
      REGISTRY_HOSTS: 'gcr.io,registry.example.com',
    }
    const fault = await faultOf(loadDocuments([], { environment, vendors, readInput: async () => '' }))
    assert.equal(fault.code, 'VARIABLE_INVALID')
    assert.equal(fault.seen, 'variable REGISTRY_HOSTS contains "registry.example.com"')
    assert.match(`${fault.expected}`, /^a host of Google: .* a document with hostPolicy: Any$/)
  })
})
