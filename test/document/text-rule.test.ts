import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenRule, registryHost } from '../../src/document/field-rules.ts'

test('a mistake is explained by the text itself, unless that looks like a credential', () => {
  assert.equal(brokenRule(registryHost, 'https://gcr.io'), 'the host without a scheme: gcr.io')
  assert.equal(
    brokenRule(registryHost, 'https://glpat-abcdefghijklmnopqrst'),
    'host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
  )
})
