import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { recordAnnotations, renderRecord } from '../../src/credential/pull-secret-record.ts'
import type { Document } from '../../src/document/document.ts'
import type { PullSecretMetadata } from '../../src/kubernetes/objects/pull-secrets.ts'
import { evaluateOwnership } from '../../src/refresh/ownership.ts'
import fc from '../support/fast-check.ts'
import { annotatedBy, foundSecret, manager, ownedBy, owners } from './found-secret.ts'
import { documentOf, registry } from './test-document.ts'

/** Its manager is `manager`. */
const documentWith = (conflictPolicy: 'Refuse' | 'Adopt'): Document => ({
  ...documentOf([registry('one')]),
  conflictPolicy,
})

type Owners = ReturnType<typeof ownedBy>

const policy = fc.constantFrom('Refuse', 'Adopt')
const takeovers = fc.constantFrom('permitted', 'refused')

suite('whose a Secret is', () => {
  test('has no owner, where there is none', () => {
    fc.assert(
      fc.property(policy, (each) =>
        assert.deepEqual(evaluateOwnership(undefined, documentWith(each)), { verdict: 'create' }),
      ),
    )
  })

  const target = 'pullpass.dev/target'
  const expiry = 'pullpass.dev/expires-at'
  /** `takenOver`: absent where it is as `adopted`. */
  const rows: Record<string, readonly [owners: Owners, refused: string, adopted: string, takenOver?: string]> = {
    'our manager owns all of it': [ownedBy(), 'update', 'update'],
    'our manager owns the data alone': [ownedBy({ label: [], annotations: new Map() }), 'update', 'update'],
    'another claims the label at its value': [ownedBy({ label: [manager, 'argocd'] }), 'update', 'update'],
    'another claims an annotation at its value': [
      ownedBy({ annotations: annotatedBy([[target, ['kubectl', manager]]]) }),
      'update',
      'update',
    ],
    'another owns an annotation': [
      ownedBy({ annotations: annotatedBy([[expiry, ['kubectl']]]) }),
      'restore',
      'restore',
    ],
    'another owns the label': [ownedBy({ label: ['argocd'] }), 'restore', 'restore'],
    'another owns the data with our manager': [ownedBy({ data: ['kubectl', manager] }), 'restore', 'restore'],
    'our manager owns the label, and another the data': [ownedBy({ data: ['kubectl'] }), 'restore', 'restore'],
    'our manager owns the label, and no manager the data': [ownedBy({ data: [] }), 'restore', 'restore'],
    'another owns data and label': [ownedBy({ data: ['kubectl'], label: ['kubectl'] }), 'refuse', 'adopt'],
    'another document owns the data': [
      ownedBy({ data: ['pullpass:ClusterPullSecret:other'], label: [] }),
      'refuse',
      'refuse',
      'adopt',
    ],
    'another document owns the data, and both the label': [
      ownedBy({ data: ['pullpass:ClusterPullSecret:other'], label: [manager, 'pullpass:ClusterPullSecret:other'] }),
      'refuse',
      'refuse',
      'adopt',
    ],
    'another document owns the data with another manager, and our manager the label': [
      ownedBy({ data: ['kubectl', 'pullpass:ClusterPullSecret:other'] }),
      'refuse',
      'refuse',
      'adopt',
    ],
    'another document owns the data with our manager': [
      ownedBy({ data: [manager, 'pullpass:ClusterPullSecret:other'] }),
      'restore',
      'restore',
    ],
    'another document adopted it with the same data': [
      ownedBy({
        data: [manager, 'pullpass:ClusterPullSecret:other'],
        annotations: annotatedBy(
          recordAnnotations.map((name) => [name, ['pullpass:ClusterPullSecret:other']] as const),
        ),
      }),
      'refuse',
      'refuse',
      'adopt',
    ],
    'another owns the data, and another document the label': [
      ownedBy({ data: ['kubectl'], label: ['pullpass:ClusterPullSecret:other'] }),
      'refuse',
      'refuse',
      'adopt',
    ],
    'no manager owns anything': [{ data: [], label: [], annotations: new Map() }, 'refuse', 'adopt'],
  }
  for (const [name, [held, refused, adopted, takenOver = adopted]] of Object.entries(rows)) {
    test(`${name}: ${refused}, ${adopted} where the document adopts, ${takenOver} where it also takes over from documents`, () => {
      const found = foundSecret({ owners: held })
      assert.equal(evaluateOwnership(found, documentWith('Refuse')).verdict, refused)
      assert.equal(evaluateOwnership(found, documentWith('Adopt')).verdict, adopted)
      assert.equal(evaluateOwnership(found, documentWith('Adopt'), 'permitted').verdict, takenOver)
      assert.equal(evaluateOwnership(found, documentWith('Refuse'), 'permitted').verdict, refused)
    })
  }

  test('lists each manager that edited it, once', () => {
    const edited = ownedBy({
      data: [manager, 'kubectl-edit'],
      label: ['argocd'],
      annotations: annotatedBy([
        [expiry, ['kubectl-annotate', 'kubectl-edit']],
        [target, ['kubectl-annotate']],
      ]),
    })
    const ownership = evaluateOwnership(foundSecret({ owners: edited }), documentWith('Refuse'))
    assert.ok(ownership.verdict === 'restore')
    assert.deepEqual(ownership.editors.toSorted(), ['argocd', 'kubectl-annotate', 'kubectl-edit'])
  })

  test('is never written by a document whose manager owns nothing of it, or lost it to another document, and that does not take over', () => {
    fc.assert(
      fc.property(owners, policy, takeovers, (held, each, takeover) => {
        const { verdict } = evaluateOwnership(foundSecret({ owners: held }), documentWith(each), takeover)
        const taken = held.data.includes('pullpass:ClusterPullSecret:other')
        const ours = held.data.includes(manager) || (held.label.includes(manager) && !taken)
        const isOfOther = [...held.data, ...held.label].includes('pullpass:ClusterPullSecret:other')
        const adopts = each === 'Adopt' && (takeover === 'permitted' || !isOfOther)
        assert.equal(verdict === 'refuse', !ours && !adopts)
        assert.equal(verdict === 'adopt', !ours && adopts)
      }),
    )
  })

  const variables = 'pullpass:ClusterPullSecret:regcred'
  const ofVariables = (
    recorded = 'environment/regcred',
    data: readonly string[] = [variables],
    recordedBy: readonly string[] = [variables],
  ) =>
    foundSecret({
      owners: {
        data,
        label: [variables],
        annotations: annotatedBy(recordAnnotations.map((name) => [name, recordedBy] as const)),
      },
      annotations: renderRecord({
        document: recorded,
        target: 'team-a/regcred',
        refreshedAt: new Date(0),
        registries: new Map(),
      }),
    })

  test('is passed on from the variables to a document that wants the same Secret', () => {
    assert.equal(evaluateOwnership(ofVariables(), documentWith('Refuse')).verdict, 'replace')
  })

  const notReplaced: Record<string, readonly [found: PullSecretMetadata, document: Document]> = {
    'to variables that describe another document': [
      ofVariables(),
      { ...documentWith('Refuse'), source: 'the environment' },
    ],
    'to the PullSecret of a tenant': [
      ofVariables(),
      { ...documentWith('Refuse'), kind: 'PullSecret', namespace: 'team-a' },
    ],
    'to a document of another Secret name': [ofVariables(), { ...documentWith('Refuse'), secretName: 'other' }],
    'from a document of that name': [ofVariables('ClusterPullSecret/regcred'), documentWith('Refuse')],
    'where another manager owns the credential too': [
      ofVariables('environment/regcred', [variables, 'kubectl']),
      documentWith('Refuse'),
    ],
    'where another manager wrote the record': [
      ofVariables('environment/regcred', [variables], ['kubectl']),
      documentWith('Refuse'),
    ],
  }
  for (const [name, [found, document]] of Object.entries(notReplaced)) {
    test(`is not passed on ${name}`, () => assert.equal(evaluateOwnership(found, document).verdict, 'refuse'))
  }
})
