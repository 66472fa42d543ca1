import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { checkNode } from '../../src/commands/check-node.ts'

suite('checkNode', () => {
  for (const version of ['18.20.8', '20.20.2', '22.17.1']) {
    test(`Node ${version} is told which one pullpass needs`, () => {
      assert.equal(
        checkNode(version),
        `USAGE_INVALID (run): this is Node ${version}\n  expected Node 22.18 or newer\n  fix: run pullpass by a newer Node: node --version shows which one the PATH has`,
      )
    })
  }

  for (const version of ['22.18.0', '23.0.0', '24.21.0', '100.0.0']) {
    test(`Node ${version} is new enough`, () => assert.equal(checkNode(version), undefined))
  }

  test('the package asks for the same Node', () => assert.equal(manifest.engines.node, '>=22.18'))
})
