import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brokenRule, registryHost } from '../../src/document/field-rules.ts'

const usual = 'host[:port][/path/] in lower case, such as europe-docker.pkg.dev'

const glob = '"*" once, in the first label of a host, with at least two more labels, such as *.pkg.dev'

suite('a registry is named', () => {
  for (const host of [
    'europe-docker.pkg.dev',
    'localhost:5000',
    '127.0.0.1:5000',
    'gcr.io/',
    'gcr.io/project/',
    'europe-docker.pkg.dev/project/repo_1/a.b-c/',
    'registry:65535/a/',
    '*.pkg.dev',
    '*-docker.pkg.dev/project/',
    'team-*.registry.example.com:5000',
  ]) {
    test(`by ${host}`, () => assert.equal(brokenRule(registryHost, host), undefined))
  }
})

suite('a registry is not named', () => {
  const cases: Record<string, string> = {
    'https://gcr.io': 'the host without a scheme: gcr.io',
    'HTTP://gcr.io/a/': 'the host without a scheme: gcr.io/a/',
    'oci://a b': 'the host without a scheme',
    'gcr.io?a=b': 'the host without a query: gcr.io',
    'gcr.io/a#b': 'the host without a query',
    'gcr.io/project': 'a path that ends in "/": gcr.io/project/',
    'gcr.io:0': usual,
    'gcr.io:65536': 'a port from 1 to 65535',
    'gcr.io:': usual,
    'GCR.io': usual,
    'user@gcr.io': usual,
    'gcr.io//a/': usual,
    'gcr.io/../': usual,
    'gcr..io': usual,
    '-gcr.io': usual,
    '*': glob,
    '*.dev': glob,
    '*.*.dev': glob,
    'eu.*.pkg.dev': glob,
    '**.pkg.dev': glob,
    '*.pkg.dev/*/': glob,
    'pkg.dev/*/': glob,
    '[::1]:5000': usual,
    '': usual,
    ['a'.repeat(513)]: `${usual}, at most 512 characters`,
  }
  for (const [host, expected] of Object.entries(cases)) {
    test(`by ${JSON.stringify(host.slice(0, 40))}`, () => assert.equal(brokenRule(registryHost, host), expected))
  }
})
