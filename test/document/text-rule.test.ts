import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registryHost } from '../../src/document/registry-host.ts'
import { brokenRule } from '../../src/document/text-rule.ts'

test('a mistake is explained by the text itself, unless that looks like a credential', () => {
  assert.equal(brokenRule(registryHost, 'https://gcr.io'), 'the host without a scheme: gcr.io')
  assert.equal(
    brokenRule(registryHost, 'https://glpat-abcdefghijklmnopqrst'),
    'host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
  )
})
