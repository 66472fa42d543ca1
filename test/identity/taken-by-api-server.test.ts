import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isAcceptedByApiServer } from '../../src/identity/subject-token.ts'
import { subjectToken } from '../support/subject-token.ts'

suite('an API server may accept a token with audience', () => {
  const taken: readonly [name: string, audiences: readonly string[]][] = [
    ['none, as in a Secret', []],
    ['its issuer', ['https://issuer.example.com']],
    ['an API server by its usual name', ['https://kubernetes.default.svc']],
    ['an API server by its whole name', ['https://kubernetes.default.svc.cluster.local']],
    ['an API server by a name without a scheme', ['kubernetes.default.svc']],
    ['a cloud, and an API server besides', ['sts.amazonaws.com', 'https://kubernetes.default.svc']],
  ]
  for (const [name, audiences] of taken) {
    test(name, () => assert.equal(isAcceptedByApiServer({ ...subjectToken, audiences }), true))
  }

  const others: readonly string[] = [
    'sts.amazonaws.com',
    'https://kubernetes.example.com',
    'https://kubernetes.defaults',
  ]
  for (const audience of others) {
    test(`not with only audience ${audience}`, () =>
      assert.equal(isAcceptedByApiServer({ ...subjectToken, audiences: [audience] }), false))
  }
})
