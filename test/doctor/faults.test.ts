import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { explanations } from '../../src/errors/explanations.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { checkFault, type Finding, plantedFaults, representativeFaults, titleOf } from './check-fault.ts'
import { documentFaults } from './faults/document-faults.ts'

suite('doctor names the fault:', { concurrency: 4 }, () => {
  for (const fault of representativeFaults) test(titleOf(fault), async (t) => await checkFault(t, fault))

  test('each at a hop at which doctor reports it, by the table of codes', () => {
    const strange = plantedFaults.filter(({ code, hop }) => {
      const hops = explanations[code]?.doctor ?? []
      return !hops.includes(hop) && !hops.includes('any')
    })
    assert.deepEqual(
      strange.map(({ code, hop }) => [code, hop]),
      [],
    )
  })

  test('at least forty different faults, each with its hop, its word and its remedy, and none in a document', () => {
    assert.ok(plantedFaults.length >= 40, `${plantedFaults.length}`)
    assert.equal(new Set(plantedFaults.map(({ title }) => title)).size, plantedFaults.length)
    for (const { hop, code, fix } of plantedFaults) {
      assert.ok(hop !== 'document' && code !== 'OK')
      assert.notEqual(fix.source, '(?:)')
    }
  })
})

suite('of the document itself, which counts for no planted fault, doctor names as the first hop:', () => {
  for (const fault of documentFaults) {
    test(fault.title, async (t) => {
      const sandbox = await startTestSandbox(t)
      const argv = ['doctor', '-f', await sandbox.write('pull.yaml', fault.text), '-o', 'json']
      const { stdout, exitCode } = await runPullpass(sandbox, argv)
      const { firstFailure: first }: { firstFailure: Finding } = JSON.parse(stdout)
      assert.deepEqual([first.hop, first.code, exitCode], ['document', fault.code, 1])
      assert.match(first.seen, fault.seen)
      assert.match([first.expected ?? '', ...(first.fix ? [first.fix] : [])].join('\n'), fault.wants)
    })
  }
})
