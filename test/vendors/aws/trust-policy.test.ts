import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../sandbox/aws/iam/policy.ts'
import { acceptance } from '../../../src/vendors/aws/trust/policies.ts'
import { startTrustTest } from './run-trust.ts'

const provider = 'arn:aws:iam::123456789012:oidc-provider/issuer.example.com'
const subject = 'system:serviceaccount:image-system:pullpass'
const desired = { provider, key: 'issuer.example.com', subject, audience: 'sts.amazonaws.com' }
const sub = { 'issuer.example.com:sub': subject }
const aud = { 'issuer.example.com:aud': 'sts.amazonaws.com' }

/** By the conditions of a statement. */
const conditions: readonly [string, object | undefined, ReturnType<typeof acceptance>][] = [
  ['exactly the subject and audience', { StringEquals: { ...sub, ...aud } }, 'exactly'],
  ['the subject, with any audience', { StringEquals: sub }, 'broadly'],
  ['the audience, with any subject', { StringEquals: aud }, 'broadly'],
  ['any token', undefined, 'broadly'],
  [
    'the subject, with several audiences',
    { StringEquals: { ...sub, 'issuer.example.com:aud': ['sts.amazonaws.com', 'vault'] } },
    'broadly',
  ],
  [
    'the subject, with audiences of a pattern',
    { StringEquals: sub, StringLike: { 'issuer.example.com:aud': '*' } },
    'broadly',
  ],
  [
    'exactly the subject and audience, from one network only',
    { StringEquals: { ...sub, ...aud, 'aws:SourceVpc': 'vpc-1' } },
    'not',
  ],
  [
    'the subject and audience, with a key in another operator',
    { StringEquals: { ...sub, ...aud }, StringLike: { 'aws:RequestedRegion': 'eu-*' } },
    'not',
  ],
  ['the subject, with another audience', { StringEquals: { ...sub, 'issuer.example.com:aud': 'vault' } }, 'not'],
  ['another subject', { StringEquals: { ...aud, 'issuer.example.com:sub': 'system:serviceaccount:a:b' } }, 'not'],
]

for (const [name, condition, expected] of conditions) {
  test(`a statement that accepts ${name} is compared as "${expected}"`, () => {
    const statement = {
      Effect: 'Allow',
      Principal: { Federated: provider },
      Action: 'sts:AssumeRoleWithWebIdentity',
      ...(condition && { Condition: condition }),
    }
    assert.equal(acceptance([statement], desired), expected)
  })
}

test('trust plan reports who else may assume the role of the cluster', async (t) => {
  const { cloud, trust, mark, provider: own } = await startTrustTest(t)
  const key = own.slice(own.indexOf('/') + 1)
  const policy: Policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: own },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${key}:sub`]: subject } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::999999999999:root', '*'], Service: 'ec2.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
      { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' },
    ],
  }
  cloud.putRole('puller', { trust: policy, description: `pullpass:${mark}` })
  const { stdout } = await trust(['plan'])
  for (const note of [
    `its trust policy accepts further subjects or audiences of ${own}`,
    'its trust policy also allows AWS arn:aws:iam::999999999999:root to assume it',
    'its trust policy also allows AWS * to assume it',
    'its trust policy also allows Service ec2.amazonaws.com to assume it',
    'its trust policy also allows * to assume it',
  ])
    assert.ok(stdout.includes(note), `${note}\n${stdout}`)
})
