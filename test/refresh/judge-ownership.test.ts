import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { judgeOwnership } from '../../src/refresh/judge-ownership.ts'
import { foundSecret, manager, owners } from './found-secret.ts'

const policy = fc.constantFrom('Refuse', 'Adopt')

suite('whose a Secret is', () => {
  test('is nobody’s, where there is none', () => {
    fc.assert(
      fc.property(policy, (each) => assert.deepEqual(judgeOwnership(undefined, manager, each), { verdict: 'create' })),
    )
  })

  const rows: Record<string, readonly [data: string[], label: string[], refused: string, adopted: string]> = {
    'our manager owns the data': [[manager], [manager], 'update', 'update'],
    'our manager owns the data beside another': [['kubectl', manager], [manager], 'update', 'update'],
    'our manager owns the data alone': [[manager], [], 'update', 'update'],
    'our manager owns the label, and another the data': [['kubectl'], [manager], 'mend', 'mend'],
    'our manager owns the label, and nobody the data': [[], [manager], 'mend', 'mend'],
    'another owns both': [['kubectl'], ['kubectl'], 'refuse', 'adopt'],
    'another document owns both': [['pullpass:ClusterPullSecret:other'], [], 'refuse', 'adopt'],
    'nobody owns anything': [[], [], 'refuse', 'adopt'],
  }
  for (const [name, [data, label, refused, adopted]] of Object.entries(rows)) {
    test(`${name}: ${refused}, or ${adopted} where the document takes over`, () => {
      const found = foundSecret({ owners: { data, label } })
      assert.equal(judgeOwnership(found, manager, 'Refuse').verdict, refused)
      assert.equal(judgeOwnership(found, manager, 'Adopt').verdict, adopted)
    })
  }

  test('is never written by a document whose manager owns nothing of it and that does not take over', () => {
    fc.assert(
      fc.property(owners, policy, (held, each) => {
        const { verdict } = judgeOwnership(foundSecret({ owners: held }), manager, each)
        const ours = held.data.includes(manager) || held.label.includes(manager)
        assert.equal(verdict === 'refuse', !ours && each === 'Refuse')
        assert.equal(verdict === 'adopt', !ours && each === 'Adopt')
      }),
    )
  })
})
