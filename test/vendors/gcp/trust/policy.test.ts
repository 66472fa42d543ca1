import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { evaluateGrant } from '../../../../src/vendors/gcp/trust/observe.ts'
import { findGrant, withGrant, withoutGrant } from '../../../../src/vendors/gcp/trust/policy.ts'

const grant = {
  on: { kind: 'repository', name: 'projects/p/locations/europe/repositories/images' },
  role: 'roles/artifactregistry.reader',
  member: 'serviceAccount:puller@p.iam.gserviceaccount.com',
  providers: [],
} as const
const { role, member } = grant
const condition = { title: 'until spring', expression: 'request.time < timestamp("2027-03-01T00:00:00Z")' }
const others = { role, members: ['user:a@example.com'] }

suite('a grant in a policy', () => {
  test('joins the members of its role, and keeps unknown entries', () => {
    const policy = { version: 1, etag: 'BwX=', auditConfigs: [{ service: 'allServices' }], bindings: [others] }
    assert.deepEqual(withGrant(policy, grant), {
      ...policy,
      bindings: [{ role, members: ['user:a@example.com', member] }],
    })
  })

  test('does not join a binding with a condition, and keeps that under version 3', () => {
    const policy = { version: 1, etag: 'BwX=', bindings: [{ ...others, condition }] }
    assert.deepEqual(withGrant(policy, grant), {
      version: 3,
      etag: 'BwX=',
      bindings: [
        { ...others, condition },
        { role, members: [member] },
      ],
    })
  })

  test('under a condition is not a plain grant, and none is added without --replace', () => {
    const policy = { etag: 'BwX=', bindings: [{ role, members: [member], condition }] }
    assert.equal(findGrant(policy, grant), 'conditional')
    assert.equal(evaluateGrant(grant, policy, []).fault?.code, 'TRUST_REFUSED')
    assert.equal(evaluateGrant(grant, policy, ['condition']).verdict, 'grant')
  })

  test('is taken back alone: other members, other roles and the same under a condition stay', () => {
    const policy = {
      etag: 'BwX=',
      bindings: [
        { role, members: ['user:a@example.com', member] },
        { role, members: [member], condition },
        { role: 'roles/artifactregistry.writer', members: [member] },
      ],
    }
    assert.deepEqual(withoutGrant(policy, grant)['bindings'], [others, ...policy.bindings.slice(1)])
    assert.deepEqual(withoutGrant({ bindings: [{ role, members: [member] }] }, grant)['bindings'], [])
  })
})
