import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { checkNode } from '../../src/commands/check-node.ts'

suite('checkNode', () => {
  for (const version of ['18.20.8', '20.20.2', '22.17.1']) {
    test(`Node ${version} is told which one pullpass needs`, () => {
      assert.equal(
        checkNode(version),
        `USAGE_INVALID (document): pullpass needs Node 22.18 or newer; this is ${version}`,
      )
    })
  }

  for (const version of ['22.18.0', '23.0.0', '24.21.0', '100.0.0']) {
    test(`Node ${version} is new enough`, () => assert.equal(checkNode(version), undefined))
  }

  test('the package asks for the same Node', () => assert.equal(manifest.engines.node, '>=22.18'))
})
