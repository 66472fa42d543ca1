import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DocumentIndex } from '../../../src/controller/documents/document-index.ts'
import type { ControlledDocument } from '../../../src/controller/documents.ts'
import { itemsIn } from '../../../src/controller/selection.ts'
import { resourceSource } from '../../../src/document/document.ts'
import { listExchangeRequests } from '../../../src/refresh/exchange-requests.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { smallestDocument } from '../../document/smallest-document.ts'
import fc from '../../support/fast-check.ts'

const namespaces = new Map(
  ['team-a', 'team-b'].map((name) => [name, { name, labels: {}, terminating: false }] as const),
)
const exchangeRequests = await listExchangeRequests([smallestDocument], vendors)
let evaluated = 0

interface Content {
  readonly namespace: string | undefined
  readonly secretName?: string
  readonly mintedFrom?: readonly string[]
}

/** Of a PullSecret, or of a ClusterPullSecret without `namespace`; each read of the document is counted. */
const controlled = ({ namespace, secretName = 'regcred', mintedFrom = [] }: Content): ControlledDocument => ({
  get document() {
    evaluated += 1
    return {
      ...smallestDocument,
      secretName,
      namespaces: { include: [namespace ?? '*'] },
      ...(namespace !== undefined && { kind: 'PullSecret' as const, source: resourceSource, namespace }),
    }
  },
  requests: mintedFrom.flatMap((source) => exchangeRequests.map((request) => ({ ...request, mintedFrom: source }))),
  revision: '',
})

/** With one ClusterPullSecret and one PullSecret in `team-a`, and so many PullSecrets in other namespaces. */
function indexWith(others: number): DocumentIndex {
  const index = new DocumentIndex()
  index.set('ClusterPullSecret/all', controlled({ namespace: undefined }))
  index.set('PullSecret/team-a/pull', controlled({ namespace: 'team-a' }))
  for (let at = 0; at < others; at++) {
    const namespace = `crowd-${at % 30}`
    index.set(`PullSecret/${namespace}/${at}`, controlled({ namespace }))
  }
  return index
}

suite('the documents that an event concerns', () => {
  for (const [event, concerned] of [
    ['a Secret', (index: DocumentIndex) => index.named('regcred', 'team-a')],
    ['a namespace', (index: DocumentIndex) => index.in('team-a')],
  ] as const) {
    test(`of ${event} are evaluated, and none of 3,000 others`, () => {
      const index = indexWith(3_000)
      evaluated = 0
      const items = itemsIn(concerned(index), namespaces, 'team-a')
      assert.deepEqual(
        items.map(({ document }) => document),
        ['ClusterPullSecret/all', 'PullSecret/team-a/pull'],
      )
      assert.equal(evaluated, 2)
    })
  }

  test('and a change of one evaluates only that one', () => {
    const index = indexWith(3_000)
    evaluated = 0
    index.set('PullSecret/team-a/pull', controlled({ namespace: 'team-a', secretName: 'other' }))
    assert.equal(evaluated, 2) // the earlier one and the new one
    assert.deepEqual([...index.named('regcred', 'team-a').keys()], ['ClusterPullSecret/all'])
  })

  test('are the same as by a search of all documents, after any changes', () => {
    const namespace = fc.constantFrom(undefined, 'team-a', 'team-b')
    const secretName = fc.constantFrom('regcred', 'other')
    const source = fc.constantFrom('identity-1', 'identity-2', 'identity-3')
    const change = fc.record({
      name: fc.constantFrom('one', 'two', 'three'),
      namespace,
      secretName,
      mintedFrom: fc.uniqueArray(source),
      isRemoved: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(change), namespace, secretName, source, (changes, where, named, shared) => {
        const index = new DocumentIndex()
        const all = new Map<string, ControlledDocument>()
        for (const { name, isRemoved, ...one } of changes) {
          const changed = isRemoved ? undefined : controlled(one)
          index.set(name, changed)
          if (changed === undefined) all.delete(name)
          else all.set(name, changed)
        }
        const isThere = ({ document }: ControlledDocument) =>
          where === undefined || document.namespace === undefined || document.namespace === where
        const there = new Map([...all].filter(([, one]) => isThere(one)))
        assert.deepEqual(new Map(index.all), all)
        assert.deepEqual(new Map(index.in(where)), there)
        const ofSecret = [...there].filter(([, { document }]) => document.secretName === named)
        assert.deepEqual(new Map(index.named(named, where)), new Map(ofSecret))
        const ofOperators = [...all].filter(([, { document }]) => document.namespace === undefined)
        assert.deepEqual(new Map(index.ofOperators), new Map(ofOperators))
        const sharing = [...all].filter(([, { requests }]) => requests.some((one) => one.mintedFrom === shared))
        assert.deepEqual(new Map(index.sharing(shared)), new Map(sharing))
      }),
    )
  })
})
