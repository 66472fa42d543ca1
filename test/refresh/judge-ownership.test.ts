import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { judgeOwnership } from '../../src/refresh/judge-ownership.ts'
import { annotatedBy, foundSecret, manager, ownedBy, owners } from './found-secret.ts'

type Owners = ReturnType<typeof ownedBy>

const policy = fc.constantFrom('Refuse', 'Adopt')

suite('whose a Secret is', () => {
  test('is nobody’s, where there is none', () => {
    fc.assert(
      fc.property(policy, (each) => assert.deepEqual(judgeOwnership(undefined, manager, each), { verdict: 'create' })),
    )
  })

  const target = 'pullpass.dev/target'
  const expiry = 'pullpass.dev/expires-at'
  const rows: Record<string, readonly [owners: Owners, refused: string, adopted: string]> = {
    'our manager owns all of it': [ownedBy(), 'update', 'update'],
    'our manager owns the data alone': [ownedBy({ label: [], annotations: new Map() }), 'update', 'update'],
    'another claims the label at its value': [ownedBy({ label: [manager, 'argocd'] }), 'update', 'update'],
    'another claims an annotation at its value': [
      ownedBy({ annotations: annotatedBy([[target, ['kubectl', manager]]]) }),
      'update',
      'update',
    ],
    'another owns an annotation': [ownedBy({ annotations: annotatedBy([[expiry, ['kubectl']]]) }), 'mend', 'mend'],
    'another owns the label': [ownedBy({ label: ['argocd'] }), 'mend', 'mend'],
    'another owns the data with our manager': [ownedBy({ data: ['kubectl', manager] }), 'mend', 'mend'],
    'our manager owns the label, and another the data': [ownedBy({ data: ['kubectl'] }), 'mend', 'mend'],
    'our manager owns the label, and nobody the data': [ownedBy({ data: [] }), 'mend', 'mend'],
    'another owns data and label': [ownedBy({ data: ['kubectl'], label: ['kubectl'] }), 'refuse', 'adopt'],
    'another document owns the data': [
      ownedBy({ data: ['pullpass:ClusterPullSecret:other'], label: [] }),
      'refuse',
      'adopt',
    ],
    'another document owns the data, and both the label': [
      ownedBy({ data: ['pullpass:ClusterPullSecret:other'], label: [manager, 'pullpass:ClusterPullSecret:other'] }),
      'refuse',
      'adopt',
    ],
    'another document owns the data with somebody else, and our manager the label': [
      ownedBy({ data: ['kubectl', 'pullpass:ClusterPullSecret:other'] }),
      'refuse',
      'adopt',
    ],
    'another document owns the data with our manager': [
      ownedBy({ data: [manager, 'pullpass:ClusterPullSecret:other'] }),
      'mend',
      'mend',
    ],
    'nobody owns anything': [{ data: [], label: [], annotations: new Map() }, 'refuse', 'adopt'],
  }
  for (const [name, [held, refused, adopted]] of Object.entries(rows)) {
    test(`${name}: ${refused}, or ${adopted} where the document takes over`, () => {
      const found = foundSecret({ owners: held })
      assert.equal(judgeOwnership(found, manager, 'Refuse').verdict, refused)
      assert.equal(judgeOwnership(found, manager, 'Adopt').verdict, adopted)
    })
  }

  test('tells everybody who edited it, once', () => {
    const edited = ownedBy({
      data: [manager, 'kubectl-edit'],
      label: ['argocd'],
      annotations: annotatedBy([
        [expiry, ['kubectl-annotate', 'kubectl-edit']],
        [target, ['kubectl-annotate']],
      ]),
    })
    const ownership = judgeOwnership(foundSecret({ owners: edited }), manager, 'Refuse')
    assert.ok(ownership.verdict === 'mend')
    assert.deepEqual(ownership.editors.toSorted(), ['argocd', 'kubectl-annotate', 'kubectl-edit'])
  })

  test('is never written by a document whose manager owns nothing of it, or lost it to another document, and that does not take over', () => {
    fc.assert(
      fc.property(owners, policy, (held, each) => {
        const { verdict } = judgeOwnership(foundSecret({ owners: held }), manager, each)
        const taken = held.data.includes('pullpass:ClusterPullSecret:other')
        const ours = held.data.includes(manager) || (held.label.includes(manager) && !taken)
        assert.equal(verdict === 'refuse', !ours && each === 'Refuse')
        assert.equal(verdict === 'adopt', !ours && each === 'Adopt')
      }),
    )
  })
})
