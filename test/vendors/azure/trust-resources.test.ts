import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import type { Context } from '../../../src/http/context.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import type { AzureSettings } from '../../../src/vendors/azure/settings.ts'
import { desiredState, markInName } from '../../../src/vendors/azure/trust/desired.ts'
import { evaluateIdentity } from '../../../src/vendors/azure/trust/identity.ts'
import type { AzureConnection } from '../../../src/vendors/azure/trust/requests.ts'
import { azureResources } from '../../../src/vendors/azure/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import { markOf } from '../../../src/vendors/trust/marks.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { documentOf } from '../exchange-registry.ts'
import { registryText, subject } from './azure-registry.ts'

const group = '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers'
const registryId = `${group}/Microsoft.ContainerRegistry/registries/example`
const managedIdentityId = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/pullpass`
const operatorToken = 'operator-token-0123456789'

async function needOf(more: string): Promise<TrustNeed<AzureSettings>> {
  const text = documentOf(registryText(`trust: {registryId: ${registryId}${more}}`))
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  const [registry] = document?.registries ?? []
  assert.ok(document !== undefined && registry !== undefined)
  const cluster = {
    name: 'cluster',
    issuer: 'https://issuer.example.com',
    keys: [],
    trustDomainId: undefined,
    issuerId: undefined,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is azure
  const own = registry as TrustNeed<AzureSettings>['registry']
  return {
    document,
    registry: own,
    cluster,
    subject,
    subjectFrom: 'document',
    publishesHere: false,
    repository: registryId,
  }
}

const connect = (context: Context): AzureConnection => {
  const token = async () => new Redacted(operatorToken)
  return { context, cloud: 'Public', token: { arm: token, graph: token } }
}

const text = fc.oneof(
  fc.string(),
  fc.constant(operatorToken),
  fc.constantFrom(subject, 'https://issuer.example.com', registryId),
)
const item = fc.record(
  {
    id: text,
    name: text,
    issuer: text,
    subject: text,
    audiences: fc.oneof(fc.array(text), text),
    properties: fc.record(
      {
        issuer: text,
        subject: text,
        audiences: fc.array(text),
        clientId: text,
        principalId: text,
        loginServer: text,
        scope: text,
        condition: text,
        roleDefinitionId: text,
        description: text,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.json(),
  fc.string(),
  item.map((one) => JSON.stringify(one)),
  fc.array(item, { maxLength: 25 }).map((value) => JSON.stringify({ value })),
  fc.record({ code: text, message: text }).map((error) => JSON.stringify({ error })),
)
const response = fc.record({ status: fc.constantFrom(200, 200, 200, 400, 403, 404, 409, 429, 500), body })

test('an identity that two clusters share is refused, unless sharing is requested', async () => {
  const need = await needOf('')
  const cluster = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
  const state = desiredState([need, { ...need, cluster }])
  assert.deepEqual([state.identities.length, state.credentials.length, state.roles.length], [1, 2, 1])
  const [identity] = state.identities
  assert.ok(identity !== undefined)
  const found = { id: 'id', clientId: identity.clientId, principalId: 'principal' }
  const refused = evaluateIdentity(identity, found, [], 'refused')
  assert.deepEqual([refused.verdict, refused.fault?.code], ['refused', 'TRUST_DOMAIN_SHARED'])
  assert.match(refused.fault?.seen ?? '', /cluster second \(issuer https:\/\/second\.example\.com\) signs in as it$/)
  const accepted = evaluateIdentity(identity, found, [], 'accepted')
  assert.deepEqual([accepted.verdict, accepted.sharedWith?.length], ['ok', 2])
})

test('clusters with one issuer are refused, since a credential has no keys', async () => {
  const need = await needOf('')
  assert.throws(
    () => desiredState([need, { ...need, cluster: { ...need.cluster, name: 'second' } }]),
    new RegExp(`the clusters ${need.cluster.name} and second have the same issuer`),
  )
})

test('each subject has its own federated credential, also if hashes of subjects begin alike', async () => {
  const need = await needOf('')
  const subjects = ['system:serviceaccount:team-b:b1vu71', 'system:serviceaccount:image-system:pullpass']
  const { credentials } = desiredState([...subjects, ...subjects].map((one) => ({ ...need, subject: one })))
  const ofIssuer = markOf(need.cluster).replace(':', '-')
  assert.deepEqual(
    credentials.map(({ name, subject: one }) => [one, name]),
    [
      ['system:serviceaccount:team-b:b1vu71', `${ofIssuer}-deff1a95f5c479e3`],
      ['system:serviceaccount:image-system:pullpass', `${ofIssuer}-deff1a510c2d1acc`],
    ],
  )
  assert.deepEqual(
    credentials.map(({ name }) => markInName(name)),
    [markOf(need.cluster), markOf(need.cluster)],
  )
})

test('any response of Azure results in a verdict for each resource, and no secret is repeated', async () => {
  const states = await Promise.all(
    ['', `, managedIdentityId: ${managedIdentityId}`].map(async (more) => desiredState([await needOf(more)])),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...states),
      fc.array(response, { minLength: 1, maxLength: 5 }),
      async (state, responses) => {
        const context = fakeContext()
        context.secrets.add(new Redacted(operatorToken))
        let sent = 0
        const transport: Context['transport'] = async () => {
          const { status, body: content } = responses[sent++ % responses.length] ?? { status: 500, body: '' }
          return { status, headers: {}, body: content }
        }
        for (const resource of azureResources(state, connect({ ...context, transport }))) {
          const finding = await resource.observe({ replace: [], sharing: 'refused' })
          assert.ok(['ok', 'create', 'update', 'grant', 'refused', 'unknown', 'blocked'].includes(finding.verdict))
          assert.ok(!(finding.fault?.message ?? '').includes(operatorToken), finding.fault?.message)
          if (['refused', 'unknown'].includes(finding.verdict)) assert.ok(finding.fault !== undefined, finding.verdict)
        }
      },
    ),
    { numRuns: 150 },
  )
})
