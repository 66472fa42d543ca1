import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showValue } from '../../src/document/show-value.ts'

test('a value is shown as users write it', () => {
  const cases: [value: unknown, shown: string][] = [
    ['Reg', '"Reg"'],
    ['two\nlines', '"two lines"'],
    ['pullpass ', '"pullpass", with white space at its start or end'],
    ['', 'empty'],
    [5, '5'],
    [true, 'true'],
    [null, 'empty'],
    [undefined, 'missing'],
    [[], 'an empty list'],
    [['a'], 'a list'],
    [{ a: 1 }, 'an object'],
    [Buffer.from('aa'), 'an object'],
  ]
  for (const [value, shown] of cases) assert.equal(showValue(value), shown)
})

test('what looks like a credential is not shown', () => {
  for (const text of [
    'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln',
    'Bearer eyJhbGciOiJSUzI1NiJ9',
    'ya29.c.b0Aaekm1K',
    'https://user:hunter2password@registry.example.com',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'dckr_pat_abcdefghijklmnop',
    'AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI',
    'password: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY',
    '-----BEGIN PRIVATE KEY-----\nMII',
  ]) {
    assert.equal(showValue(text), 'a text that looks like a credential, not shown')
  }
})

test('names and addresses are shown, however long', () => {
  for (const text of [
    'projects/123/locations/global/workloadIdentityPools/pool-of-2026/providers/cluster-1',
    'https://www.googleapis.com/auth/cloud-platform.read-only',
    'system:serviceaccount:a-namespace-with-a-long-name-0123456789:pullpass',
    '0b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
  ]) {
    assert.equal(showValue(text), `"${text}"`)
  }
})
