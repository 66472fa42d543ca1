import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { hclBlock } from '../../src/vendors/trust/hcl.ts'

suite('a block of HCL', () => {
  test('has the format of terraform fmt: adjacent attributes are aligned', () => {
    const block = hclBlock('resource "a" "b"', [
      ['project', '"x"'],
      ['description', '"y"'],
      hclBlock('oidc', [
        ['issuer_uri', '"z"'],
        ['jwks_json', '"{}"'],
      ]),
      ['role', '"r"'],
    ])
    assert.equal(
      block,
      [
        'resource "a" "b" {',
        '  project     = "x"',
        '  description = "y"',
        '  oidc {',
        '    issuer_uri = "z"',
        '    jwks_json  = "{}"',
        '  }',
        '  role = "r"',
        '}',
      ].join('\n'),
    )
  })
})
