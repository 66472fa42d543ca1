import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Transport } from '../../src/http/transport.ts'
import type { SubjectToken } from '../../src/identity/subject-token.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { bindExchange } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { fakeContext } from '../support/fake-context.ts'
import { loadRegistry } from './exchange-registry.ts'

const provider = 'projects/123/locations/global/workloadIdentityPools/pool/providers/cluster'
const uuid = '11111111-1111-4111-8111-111111111111'
const roleArn = 'arn:aws:iam::123456789012:role/puller'

/** Registries of tenants, with the settings that change where the token is sent. */
const registries: Readonly<Record<string, readonly string[]>> = {
  gcp: [
    `hosts: [europe-docker.pkg.dev], gcp: {workloadIdentityProvider: ${provider}}`,
    `hosts: [europe-docker.pkg.dev], gcp: {workloadIdentityProvider: ${provider}, stsRegion: europe-west1}`,
  ],
  aws: [
    `hosts: [123456789012.dkr.ecr.eu-west-1.amazonaws.com], aws: {roleArn: "${roleArn}", region: eu-west-1}`,
    `hosts: [123456789012.dkr.ecr.eu-west-1.amazonaws.com], aws: {roleArn: "${roleArn}", region: eu-west-1, endpointType: DualStack}`,
    `hosts: [123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn], aws: {roleArn: "arn:aws-cn:iam::123456789012:role/puller", region: cn-north-1}`,
  ],
  awsPublic: [`hosts: [public.ecr.aws], awsPublic: {roleArn: "${roleArn}"}`],
  azure: [
    `hosts: [example.azurecr.io], azure: {tenantId: ${uuid}, clientId: ${uuid}}`,
    `hosts: [example.azurecr.cn], azure: {tenantId: ${uuid}, clientId: ${uuid}}`,
  ],
  alibaba: [
    'hosts: [example-registry.eu-central-1.cr.aliyuncs.com], alibaba: {roleArn: "acs:ram::123456789012:role/puller", oidcProviderArn: "acs:ram::123456789012:oidc-provider/cluster", region: eu-central-1, instanceId: cri-0123456789abcdef}',
  ],
  chainguard: ['hosts: [cgr.dev], chainguard: {identity: 0123456789abcdef0123456789abcdef01234567/0123456789abcdef}'],
  cloudsmith: ['hosts: [docker.cloudsmith.io], cloudsmith: {organization: example, service: puller}'],
  jfrog: ['hosts: [example.jfrog.io], jfrog: {url: "https://example.jfrog.io", providerName: cluster}'],
  quay: ['hosts: [quay.io], quay: {robot: example+robot}'],
  tencent: [
    'hosts: [example.tencentcloudcr.com], tencent: {roleArn: "qcs::cam::uin/123456789:roleName/puller", providerId: cluster, region: eu-frankfurt, registryId: tcr-abcdefgh}',
  ],
  yandex: ['hosts: [cr.yandex], yandex: {serviceAccountId: ajeabcdefghijklmnopq}'],
  token: ['hosts: [zot.example.com], audience: zot, token: {}'],
}

/** The hosts to which its first request is sent, without variables. */
async function hostsOf(registry: string) {
  const bound = await bindExchange(await loadRegistry(registry, 'PullSecret'), vendors)
  const hosts: string[] = []
  const fake = fakeContext()
  const transport: Transport = async ({ url }) => {
    hosts.push(new URL(url).host)
    return { status: 403, headers: {}, body: '{}' }
  }
  const token: SubjectToken = {
    value: new Redacted('planted'),
    issuer: 'https://issuer.example.com',
    subject: 'system:serviceaccount:team-a:puller',
    audiences: bound.audiences,
    issuedAt: fake.now(),
    expiresAt: new Date(fake.now().getTime() + 3_600_000),
    keyId: undefined,
    algorithm: undefined,
    accountUid: undefined,
    pod: undefined,
    node: undefined,
  }
  await bound.exchange(token, { ...fake, transport }).catch(() => undefined)
  return { hosts, domains: bound.tenantDomains }
}

suite('the exchange for a PullSecret sends its token only to domains of the vendor', () => {
  test('every vendor that a tenant can name is listed here', async () => {
    const named = await Promise.all(
      Object.entries(vendors).map(async ([name, { settings }]) =>
        (await settings?.())?.tenantForm === undefined ? [] : name,
      ),
    )
    assert.deepEqual(Object.keys(registries).toSorted(), named.flat().toSorted())
  })

  for (const [vendor, texts] of Object.entries(registries)) {
    for (const [index, text] of texts.entries()) {
      test(`${vendor} ${index + 1}`, async () => {
        const { hosts, domains } = await hostsOf(text)
        const outside = hosts.filter(
          (host) => !domains.some((domain) => host === domain || host.endsWith(`.${domain}`)),
        )
        assert.deepEqual([outside, hosts.length > 0], [[], vendor !== 'token'])
      })
    }
  }
})
