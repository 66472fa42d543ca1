import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import {
  checkEndpoints,
  ecrEndpoint,
  ecrPublicEndpoint,
  iamEndpoint,
  stsEndpoint,
} from '../../../src/vendors/aws/endpoints.ts'
import { parseRegistryHost, partitionOfRegion } from '../../../src/vendors/aws/partitions.ts'
import type { EndpointType } from '../../../src/vendors/aws/settings.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { faultOf, loadRegistry } from '../exchange-registry.ts'
import { host, role } from './exchange-at-sandbox.ts'

const plain = `hosts: [${host}], aws: {roleArn: "${role}", region: eu-west-1`

suite('fields of aws', () => {
  test('in each example of docs/vendors/aws.md are valid', async () => {
    const page = readFileSync('docs/vendors/aws.md', 'utf8')
    const examples = [...page.matchAll(/^```yaml\n(apiVersion: [^`]+)^```$/gm)].map(([, text = '']) => text)
    assert.ok(examples.length >= 3, `${examples.length}`)
    for (const text of examples) {
      const documents = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
      assert.ok(documents.length > 0)
    }
  })

  test('may have hosts of several accounts, and with hostPolicy one outside AWS such as a proxy', async () => {
    const hosts = `[${host}, 210987654321.dkr.ecr.eu-west-1.amazonaws.com, 123456789012.dkr-ecr.eu-west-1.on.aws, ecr.example.com:5000]`
    const { hosts: read } = await loadRegistry(
      `hosts: ${hosts}, hostPolicy: Any, aws: {roleArn: "${role}", region: eu-west-1}`,
    )
    assert.equal(read.length, 4)
  })

  const refused: Readonly<Record<string, readonly [registry: string, seen: string, expected: string]>> = {
    'a host of another region': [
      plain.replace(host, '123456789012.dkr.ecr.eu-central-1.amazonaws.com'),
      'hosts[0] is "123456789012.dkr.ecr.eu-central-1.amazonaws.com"',
      'a host of region eu-west-1: an ECR token is valid in its region only; for eu-central-1 add a registry',
    ],
    'a host of another partition': [
      plain.replace(host, `${host}.cn`),
      `hosts[0] is "${host}.cn"`,
      'ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com',
    ],
    'a host that is not a registry of AWS': [
      plain.replace(host, '12345.dkr.ecr.eu-west-1.amazonaws.com'),
      'hosts[0] is "12345.dkr.ecr.eu-west-1.amazonaws.com"',
      'ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com',
    ],
    'the public registry': [
      plain.replace(host, 'public.ecr.aws'),
      'hosts[0] is "public.ecr.aws"',
      'a private registry; for the public registry use awsPublic',
    ],
    'a role of another partition': [
      plain.replace('arn:aws:', 'arn:aws-cn:'),
      'aws.roleArn is of partition aws-cn',
      'partition aws, as region eu-west-1: a role has no rights in another partition',
    ],
    'a session instead of a role': [
      plain.replace(role, 'arn:aws:sts::123456789012:assumed-role/puller/session'),
      'aws.roleArn is "arn:aws:sts::123456789012:assumed-role/puller/session"',
      'the ARN of the role, not of a session: role/puller of account 123456789012',
    ],
    'an availability zone': [
      plain.replace('region: eu-west-1', 'region: eu-west-1a'),
      'aws.region is "eu-west-1a"',
      'the region eu-west-1, not a zone of it',
    ],
    'a session of more than an hour by role chaining': [
      `${plain}, sessionDuration: 2h, assumeRoles: [{roleArn: "${role}"}]`,
      'aws.sessionDuration is 2h, with assumeRoles',
      'at most 1h: AWS limits sessions of chained roles to an hour',
    ],
    'a session policy that is not JSON': [
      `${plain}, sessionPolicy: "{allow: all}"`,
      'aws.sessionPolicy is "{allow: all}"',
      'an IAM policy in JSON: {"Version":"2012-10-17","Statement":[…]}',
    ],
    'a region of the token service that would be ignored': [
      `${plain}, stsRegion: us-east-1, endpoints: {sts: "https://sts.example.com"}`,
      'aws.stsRegion is given with endpoints.sts',
      'no stsRegion: the endpoint replaces the host that it selects',
    ],
    'a repository by its image name': [
      `${plain}, trust: {repositories: ["${host}/team/app"]}`,
      `aws.trust.repositories[0] is "${host}/team/app"`,
      'its ARN: arn:aws:ecr:eu-west-1:123456789012:repository/team/app',
    ],
    'a repository of another region': [
      `${plain}, trust: {repositories: ["arn:aws:ecr:us-east-1:123456789012:repository/team/app"]}`,
      'aws.trust.repositories[0] is in region us-east-1',
      'a repository in region eu-west-1, as the registry',
    ],
  }
  for (const [name, [registry, seen, expected]] of Object.entries(refused)) {
    test(`do not accept ${name}`, async () => {
      const fault = await faultOf(loadRegistry(`${registry}}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.ok(fault.seen.endsWith(`spec.registries[0].${seen}`), fault.seen)
      assert.equal(fault.expected, expected)
    })
  }

  test('in the document of a tenant name no endpoint and no trust', async () => {
    for (const field of [
      'endpoints: {sts: "https://sts.example.com"}',
      `trust: {repositories: ["arn:aws:ecr:eu-west-1:123456789012:repository/*"]}`,
    ]) {
      const fault = await faultOf(loadRegistry(`${plain}, ${field}}`, 'PullSecret'))
      assert.equal(fault.code, 'DOCUMENT_INVALID', field)
    }
    assert.equal((await loadRegistry(`${plain}}`, 'PullSecret')).vendor, 'aws')
  })

  test('of awsPublic accept only the public registry', async () => {
    const registry = (one: string) => `hosts: [${one}], awsPublic: {roleArn: "${role}"}`
    assert.equal((await loadRegistry(registry('public.ecr.aws'))).vendor, 'awsPublic')
    const fault = await faultOf(loadRegistry(registry(host)))
    assert.equal(fault.expected, 'public.ecr.aws; private registries have aws')
  })
})

suite('endpoints of AWS', () => {
  const of = (region: string, endpointType?: EndpointType) => {
    const settings = { region, ...(endpointType && { endpointType }) }
    return [stsEndpoint(settings, {}), ecrEndpoint(settings, {})]
  }

  test('are those of the region, in each partition', () => {
    assert.deepEqual(of('eu-west-1'), [
      'https://sts.eu-west-1.amazonaws.com',
      'https://api.ecr.eu-west-1.amazonaws.com',
    ])
    assert.deepEqual(of('cn-north-1'), [
      'https://sts.cn-north-1.amazonaws.com.cn',
      'https://api.ecr.cn-north-1.amazonaws.com.cn',
    ])
    assert.deepEqual(of('us-gov-west-1'), [
      'https://sts.us-gov-west-1.amazonaws.com',
      'https://api.ecr.us-gov-west-1.amazonaws.com',
    ])
    assert.deepEqual(of('us-iso-east-1'), [
      'https://sts.us-iso-east-1.c2s.ic.gov',
      'https://api.ecr.us-iso-east-1.c2s.ic.gov',
    ])
    assert.deepEqual(of('us-isob-east-1'), [
      'https://sts.us-isob-east-1.sc2s.sgov.gov',
      'https://api.ecr.us-isob-east-1.sc2s.sgov.gov',
    ])
    assert.deepEqual(of('eusc-de-east-1'), [
      'https://sts.eusc-de-east-1.amazonaws.eu',
      'https://api.ecr.eusc-de-east-1.amazonaws.eu',
    ])
  })

  test('with FIPS or dual-stack have their own names', () => {
    assert.deepEqual(of('us-east-1', 'FIPS'), [
      'https://sts-fips.us-east-1.amazonaws.com',
      'https://api.ecr-fips.us-east-1.amazonaws.com',
    ])
    assert.deepEqual(of('us-gov-west-1', 'FIPS'), [
      'https://sts.us-gov-west-1.amazonaws.com',
      'https://api.ecr-fips.us-gov-west-1.amazonaws.com',
    ])
    assert.deepEqual(of('eu-west-1', 'DualStack'), ['https://sts.eu-west-1.api.aws', 'https://ecr.eu-west-1.api.aws'])
    assert.deepEqual(of('us-east-1', 'FIPSDualStack'), [
      'https://sts-fips.us-east-1.api.aws',
      'https://ecr-fips.us-east-1.api.aws',
    ])
    assert.equal(ecrPublicEndpoint({ endpointType: 'DualStack' }, {}), 'https://ecr-public.us-east-1.api.aws')
  })

  test('are the document’s first, then the variable’s of the service, then that of all services', () => {
    const environment = {
      AWS_ENDPOINT_URL_STS: 'https://sts.example.com/',
      AWS_ENDPOINT_URL: 'https://aws.example.com',
    }
    const endpoints = { sts: 'https://sts.private.example.com:8443' }
    assert.equal(stsEndpoint({ region: 'eu-west-1', endpoints }, environment), 'https://sts.private.example.com:8443')
    assert.equal(stsEndpoint({ region: 'eu-west-1' }, environment), 'https://sts.example.com')
    assert.equal(ecrEndpoint({ region: 'eu-west-1' }, environment), 'https://aws.example.com')
    assert.equal(
      stsEndpoint({ region: 'eu-west-1', stsRegion: 'us-east-1' }, {}),
      'https://sts.us-east-1.amazonaws.com',
    )
  })

  test('of IAM are global in each partition', () => {
    const of2 = (region: string) => {
      const { name, iamRegion, suffix } = partitionOfRegion(region)
      return iamEndpoint(name, iamRegion, suffix, {})
    }
    assert.deepEqual(
      [of2('eu-west-1'), of2('cn-north-1')],
      ['https://iam.amazonaws.com', 'https://iam.cn-north-1.amazonaws.com.cn'],
    )
  })

  test('of a variable that would send tokens in the clear are refused', () => {
    for (const name of [
      'AWS_ENDPOINT_URL_STS',
      'AWS_ENDPOINT_URL_ECR',
      'AWS_ENDPOINT_URL_ECR_PUBLIC',
      'AWS_ENDPOINT_URL_IAM',
      'AWS_ENDPOINT_URL',
    ]) {
      assert.throws(() => checkEndpoints({ [name]: 'http://sts.example.com' }), {
        code: 'VARIABLE_INVALID',
        seen: `variable ${name} is "http://sts.example.com"`,
      })
    }
  })
})

test('registries of AWS are known by their host names', () => {
  const known = [
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
    '123456789012.dkr-ecr.us-east-1.on.aws',
    '123456789012.dkr-ecr-fips.us-east-1.on.aws',
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn',
    '123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn',
    '123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov',
    '123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu',
  ]
  for (const name of known) assert.equal(parseRegistryHost(name)?.account, '123456789012', name)
  const others = [
    '123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example',
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com',
    '12345678901.dkr.ecr.eu-west-1.amazonaws.com',
    'x.123456789012.dkr.ecr.eu-west-1.amazonaws.com',
    'public.ecr.aws',
  ]
  for (const name of others) assert.equal(parseRegistryHost(name), undefined, name)
})
