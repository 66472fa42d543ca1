import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brokenRule } from '../../src/document/field-rules.ts'
import * as names from '../../src/document/kubernetes-names.ts'

suite('names as the API server takes them', () => {
  const cases: Record<Exclude<keyof typeof names, 'isGlob'>, { good: string[]; bad: string[] }> = {
    labelName: {
      good: ['a', '0', 'team-a', 'a'.repeat(63)],
      bad: ['', 'A', 'a.b', 'a_b', '-a', 'a-', 'a'.repeat(64), 'a\n'],
    },
    objectName: {
      good: ['a', 'reg.cred', 'a-b.c-d', 'a'.repeat(253)],
      bad: ['', 'A', '.a', 'a.', 'a..b', 'a.-b', 'a_b', 'a'.repeat(254)],
    },
    audience: {
      good: ['sts.amazonaws.com', '//iam.googleapis.com/projects/1', 'https://example.com?a=b'],
      bad: ['', 'two words', 'a\n', 'exämple', 'a'.repeat(257)],
    },
    registryAudience: {
      good: ['sts.amazonaws.com', 'api://AzureADTokenExchange', 'https://kubernetes.example.com', 'k3s.example.com'],
      bad: ['https://kubernetes.default.svc', 'kubernetes', 'k3s', 'rke2'],
    },
    includedNamespace: {
      good: ['a', '*', 'team-*', '?', '*-prod', 'kube-system', 'k*'],
      bad: ['', 'A*', '[ab]', '{a,b}', 'a.b', '-*', 'kube-*', 'kube-?', 'a,b', '!a'],
    },
    excludedNamespace: { good: ['kube-*', 'team-legacy'], bad: ['', '[ab]', 'A'] },
    labelKey: {
      good: ['images', 'example.com/images', 'a_b.C', `${'a'.repeat(253)}/${'b'.repeat(63)}`],
      bad: ['', '/a', 'a/', 'A.b/c', 'a/b/c', '-a', 'b'.repeat(64)],
    },
    labelValue: { good: ['', 'private', 'A_b.c-1'], bad: ['-a', 'a-', 'a b', 'a'.repeat(64)] },
  }
  for (const [name, { good, bad }] of Object.entries(cases)) {
    test(name, () => {
      const rule = Object.entries(names).find(([each]) => each === name)?.[1]
      assert.ok(typeof rule === 'object')
      for (const text of good) assert.equal(brokenRule(rule, text), undefined, text)
      for (const text of bad) assert.notEqual(brokenRule(rule, text), undefined, text)
    })
  }
})

test('a glob is what has a star or a question mark', () => {
  assert.deepEqual(['a*', '?', 'kube-system'].map(names.isGlob), [true, true, false])
})
