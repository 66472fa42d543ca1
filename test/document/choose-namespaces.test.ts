import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { NamespaceChoice } from '../../src/document/document.ts'
import { chooseNamespaces, needsNamespaceList } from '../../src/document/namespaces.ts'
import fc from '../support/fast-check.ts'

const cluster = [
  { name: 'default', labels: {} },
  { name: 'kube-public', labels: {} },
  { name: 'kube-system', labels: { images: 'private' } },
  { name: 'team-a', labels: { images: 'private' } },
  { name: 'team-b', labels: { images: 'public' } },
  { name: 'team-legacy', labels: { images: 'private' } },
]

const choose = (choice: NamespaceChoice) => chooseNamespaces(choice, cluster)

suite('a document chooses', () => {
  const cases: Record<string, [NamespaceChoice, string[]]> = {
    'names, in the order of the cluster': [{ include: ['team-b', 'default'] }, ['default', 'team-b']],
    globs: [{ include: ['team-?'] }, ['team-a', 'team-b']],
    'names and globs, each namespace once': [
      { include: ['team-a', 'team-*', '*-a'] },
      ['team-a', 'team-b', 'team-legacy'],
    ],
    'all but what is excluded': [{ include: ['*'], exclude: ['team-legacy', 'def*'] }, ['team-a', 'team-b']],
    'by labels, without system namespaces': [
      { selector: { matchLabels: { images: 'private' } } },
      ['team-a', 'team-legacy'],
    ],
    'those of include and selector, without those of exclude': [
      { include: ['team-*'], exclude: ['team-legacy'], selector: { matchLabels: { images: 'private' } } },
      ['team-a'],
    ],
    'a system namespace by its exact name': [
      { include: ['kube-system', '*'], exclude: ['team-*'] },
      ['default', 'kube-system'],
    ],
    'a system namespace by its exact name, where the selector agrees': [
      { include: ['kube-system', 'kube-public'], selector: { matchLabels: { images: 'private' } } },
      ['kube-system'],
    ],
  }
  for (const [title, [choice, chosen]] of Object.entries(cases)) {
    test(title, () => assert.deepEqual(choose(choice), { chosen, missing: [], unmatched: [] }))
  }
})

suite('names that do not exist', () => {
  test('names that no namespace has', () => {
    assert.deepEqual(choose({ include: ['absent', 'default'] }), {
      chosen: ['default'],
      missing: ['absent'],
      unmatched: [],
    })
  })

  test('but not names that the document itself takes back', () => {
    assert.deepEqual(choose({ include: ['absent', 'default'], exclude: ['abs*'] }).missing, [])
  })

  test('globs that match nothing, or nothing but system namespaces', () => {
    assert.deepEqual(choose({ include: ['squad-*', '*system', 'team-*'] }).unmatched, ['squad-*', '*system'])
  })

  test('a name that is there but not selected is neither', () => {
    assert.deepEqual(choose({ include: ['default'], selector: { matchLabels: { images: 'private' } } }), {
      chosen: [],
      missing: [],
      unmatched: [],
    })
  })
})

test('only plain names can be chosen without a list of namespaces', () => {
  assert.equal(needsNamespaceList({ include: ['a', 'b'], exclude: ['a*'] }), false)
  assert.equal(needsNamespaceList({ include: ['a', 'b*'] }), true)
  assert.equal(needsNamespaceList({ include: ['a'], selector: { matchLabels: { a: 'b' } } }), true)
  assert.equal(needsNamespaceList({ selector: { matchLabels: { a: 'b' } } }), true)
})

suite('whatever the choice and the cluster', () => {
  const name = fc.stringMatching(/^(?:kube-)?[ab]{1,3}$/)
  const pattern = fc.stringMatching(/^[ab*?]{1,3}$/)
  const labels = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { noNullPrototype: true })
  const namespaces = fc.uniqueArray(fc.record({ name, labels }), { selector: (namespace) => namespace.name })
  const entries = fc.array(fc.oneof(name, pattern), { minLength: 1, maxLength: 4 })
  const anyChoice = fc.record({ include: entries, exclude: entries })

  test('every chosen namespace is in the cluster, once, and a system one is named', () => {
    fc.assert(
      fc.property(anyChoice, namespaces, (choice, present) => {
        const { chosen } = chooseNamespaces(choice, present)
        assert.deepEqual(
          chosen,
          present.map((namespace) => namespace.name).filter((found) => chosen.includes(found)),
        )
        for (const found of chosen.filter((each) => each.startsWith('kube-'))) assert.ok(choice.include.includes(found))
      }),
    )
  })

  test('an excluded name is not chosen, and another exclusion never adds one', () => {
    fc.assert(
      fc.property(anyChoice, namespaces, name, (choice, present, more) => {
        const before = chooseNamespaces(choice, present).chosen
        const after = chooseNamespaces({ ...choice, exclude: [...choice.exclude, more] }, present).chosen
        assert.deepEqual(
          after,
          before.filter((each) => each !== more),
        )
      }),
    )
  })

  test('each name of include is chosen, excluded or missing', () => {
    fc.assert(
      fc.property(fc.array(name), fc.array(name), namespaces, (include, exclude, present) => {
        const { chosen, missing } = chooseNamespaces({ include, exclude }, present)
        for (const each of include) {
          const ways = [chosen.includes(each), exclude.includes(each), missing.includes(each)]
          assert.equal(ways.filter(Boolean).length, 1)
        }
      }),
    )
  })

  test('without globs and selector the choice is the same whatever else is in the cluster', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name), namespaces, (include, others) => {
        const named = include.map((each) => ({ name: each, labels: {} }))
        const all = [...named, ...others.filter((other) => !include.includes(other.name))]
        assert.deepEqual(chooseNamespaces({ include }, all).chosen, include)
      }),
    )
  })
})
