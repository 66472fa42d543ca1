import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeObject } from '../../../../sandbox/kubernetes/protobuf/decode-object.ts'
import fc from '../../../support/fast-check.ts'

/** Recorded from kubectl 1.32. */
const recorded = {
  namespace: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh4KFgoGdGVhbS1hEgAaACIAKgAyADgAQgASABoCCgAaACIA',
  secret:
    'azhzAAoMCgJ2MRIGU2VjcmV0EpMBCh0KB3JlZ2NyZWQSABoGdGVhbS1hIgAqADIAOABCABJSChEuZG9ja2VyY29uZmlnanNvbhI9eyJhdXRocyI6eyJoIjp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoicCIsImF1dGgiOiJkVHB3In19fRoea3ViZXJuZXRlcy5pby9kb2NrZXJjb25maWdqc29uGgAiAA==',
  tokenRequest:
    'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIjChAKABIAGgAiACoAMgA4AEIAEgkKAWEKAWIg2AQaBAoAEgAaACIA',
}
const decode = (text: string) => decodeObject(Buffer.from(text, 'base64'))

test('the message of kubectl create namespace is decoded', () => {
  assert.deepEqual(decode(recorded.namespace), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'team-a' },
    spec: {},
  })
})

test('the message of kubectl create secret docker-registry is decoded', () => {
  assert.deepEqual(decode(recorded.secret), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'regcred', namespace: 'team-a' },
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      '.dockerconfigjson': Buffer.from('{"auths":{"h":{"username":"u","password":"p","auth":"dTpw"}}}').toString(
        'base64',
      ),
    },
  })
})

test('the message of kubectl create token is decoded', () => {
  assert.deepEqual(decode(recorded.tokenRequest), {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: ['a', 'b'], expirationSeconds: 600 },
  })
})

test('a kind that is not served is undefined', () => {
  assert.equal(decode(recorded.namespace.replace('TmFtZXNwYWNl', 'TmFtZXNwYWNm')), undefined)
})

test('any other bytes are refused with a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decodeObject(Buffer.concat([Buffer.from('k8s\0'), bytes]))
      } catch (error) {
        assert.ok(error instanceof RangeError)
      }
    }),
  )
})
