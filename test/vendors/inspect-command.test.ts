import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import {
  compareToken,
  compareWithToken,
  inspectAccountCommand,
  inspectCommand,
  namingToken,
  type TokenFix,
} from '../../src/vendors/exchange-refusal.ts'
import { subjectToken } from '../support/subject-token.ts'

const account = { namespace: 'image-system', name: 'pullpass' }
const inDocument = { source: 'a document.yaml:1' }

test('a refusal names the command that shows its token, or none', async (t) => {
  const fault = (fix: TokenFix) =>
    new PullpassError({ code: 'EXCHANGE_REFUSED', hop: 'exchange', seen: 'refused', ...fix })
  const fixOf = (error: unknown) => (error instanceof PullpassError ? [error.hint, error.command] : [])
  const compared = fault(compareWithToken('the provider'))
  const described = fault(compareToken('the role', 'aws iam get-role'))
  const other = fault({ hint: 'see the token, which pullpass inspect "${TOKEN_FILE:?}" shows, at the vendor' })
  await t.test('as its command, or within its hint', () => {
    const command = 'pullpass inspect -f pull.yaml'
    assert.deepEqual(fixOf(namingToken(compared, command)), ['compare the provider with the token', command])
    assert.deepEqual(fixOf(namingToken(described, command)), [
      'compare the token, which pullpass inspect -f pull.yaml shows, with the role',
      'aws iam get-role',
    ])
  })
  await t.test('unless its fix does not show the token', () => {
    assert.equal(namingToken(other, 'pullpass inspect -f pull.yaml'), other)
  })
  await t.test('without a placeholder', () => {
    assert.deepEqual(fixOf(namingToken(compared, undefined)), ['compare the provider with the token', undefined])
    assert.deepEqual(fixOf(namingToken(described, undefined)), ['compare the token with the role', 'aws iam get-role'])
  })
})

test('the command that shows a token', () => {
  const requested = { ...subjectToken, audiences: ['https://acme.example.com'] }
  const inFile = { ...requested, file: '/var/run/secrets/token' }
  const flags = ['--context', 'prod 1']
  assert.equal(
    inspectCommand(inFile, inDocument, undefined, flags),
    "pullpass inspect /var/run/secrets/token -f 'a document.yaml'",
  )
  assert.equal(inspectCommand(inFile, { source: '' }, undefined), 'pullpass inspect /var/run/secrets/token')
  assert.equal(
    inspectCommand(requested, inDocument, account, flags),
    "pullpass inspect -f 'a document.yaml' --context 'prod 1'",
  )
  assert.equal(inspectCommand(requested, { source: '-:1' }, account), undefined)
  assert.equal(inspectCommand(requested, inDocument, undefined), undefined)
  assert.equal(
    inspectAccountCommand(requested, flags),
    "pullpass inspect serviceaccount image-system/pullpass --audience https://acme.example.com --context 'prod 1'",
  )
  assert.equal(inspectAccountCommand({ subject: 'repo:example/images', audiences: ['a'] }), undefined)
})
