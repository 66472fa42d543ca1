import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { WatchLimit } from '../../../src/controller/documents/watch-limit.ts'
import type { ControlledDocument } from '../../../src/controller/documents.ts'
import { type Document, resourceSource } from '../../../src/document/document.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'

const at = '2026-11-24T12:00:00Z'
const forbidden = new PullpassError({ code: 'KUBERNETES_FORBIDDEN', hop: 'kubernetes', seen: 'list is refused' })

function documentOf(name: string, changes: Partial<Document> = {}): ControlledDocument {
  const document: Document = {
    kind: 'ClusterPullSecret',
    name,
    source: resourceSource,
    secretName: name,
    namespaces: { include: ['team-*'] },
    registries: [],
    attachToServiceAccounts: [],
    stuckPods: 'Ignore',
    conflictPolicy: 'Refuse',
    deletionPolicy: 'Retain',
    ...changes,
  }
  return { document, requests: [], revision: name }
}

/** By name: when it was created, and in how many namespaces it was fresh. */
type Stored = Readonly<Record<string, { readonly createdAt?: string; readonly fresh?: number }>>

function start() {
  let nowMs = Date.parse(at)
  const warnings: string[] = []
  const limit = new WatchLimit({ now: () => new Date(nowMs), log: (_, sentence) => void warnings.push(sentence) })
  const choose = (documents: Readonly<Record<string, ControlledDocument>>, stored: Stored = {}) => {
    const resources = Object.entries(stored).map(([name, { createdAt = at, fresh }]) => {
      const status = fresh === undefined ? {} : { namespaces: { selected: fresh, fresh } }
      return [name, { createdAt, status }] as const
    })
    const chosen = { documents: new Map(Object.entries(documents)), files: new Map(), secretNames: ['tenants'] }
    return limit.choose(chosen, new Map(resources))
  }
  return { limit, choose, warnings, pass: (minutes: number) => (nowMs += minutes * 60_000) }
}

const many = (prefix: string, count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const name = `${prefix}-${String(index).padStart(3, '0')}`
      return [name, documentOf(name)]
    }),
  )

suite('the watches of names in custom resources', () => {
  test('are, after a restart, those of what was served before, then of what was created first', () => {
    const { choose, limit } = start()
    const documents = { ...many('a', 200), older: documentOf('older'), served: documentOf('served') }
    const { secrets } = choose(documents, {
      ...Object.fromEntries(Object.keys(documents).map((name) => [name, {}])),
      older: { createdAt: '2026-11-24T11:00:00Z' },
      served: { createdAt: '2026-11-25T00:00:00Z', fresh: 1 },
    })
    assert.equal(secrets.size, 201) // with the name for tenants
    assert.deepEqual(
      ['older', 'served', 'a-197', 'a-198', 'tenants'].map((name) => secrets.has(name)),
      [true, true, true, false, true],
    )
    assert.equal(limit.faultOf('secrets', 'a-198')?.code, 'DOCUMENT_INVALID')
    assert.equal(limit.faultOf('secrets', 'older'), undefined)
  })

  test('continue, whatever is added', () => {
    const { choose, warnings } = start()
    const first = many('b', 150)
    choose(first)
    const { secrets } = choose({ ...many('a', 300), ...first })
    assert.ok(Object.keys(first).every((name) => secrets.has(name)))
    assert.equal(secrets.size, 201)
    choose({ ...many('a', 301), ...first })
    assert.equal(warnings.length, 1)
  })

  test('are taken in turn: a document with many names leaves others theirs', () => {
    const { choose, limit } = start()
    const include = Array.from({ length: 300 }, (_, index) => `team-${index}`)
    const greedy = documentOf('a', { namespaces: { include }, stuckPods: 'Evict' })
    const modest = documentOf('b', { namespaces: { include: ['mine', 'ours'] }, stuckPods: 'Evict' })
    const { pods } = choose({ a: greedy, b: modest })
    assert.deepEqual([pods.size, pods.has('mine'), pods.has('ours')], [200, true, true])
    assert.match(
      limit.faultOf('pods', 'team-299')?.seen ?? '',
      /more than 200 namespaces by name with stuckPods: Evict/,
    )
  })

  test('that are refused three times are replaced by those of names that wait, each once in ten minutes', () => {
    const { choose, limit, pass } = start()
    choose(many('a', 201))
    const refuse = (name: string) => [1, 2, 3].map(() => limit.replace('secrets', name, forbidden))
    assert.deepEqual(refuse('a-000'), [false, false, true])
    assert.deepEqual([limit.watched.secrets.has('a-000'), limit.watched.secrets.has('a-200')], [false, true])
    assert.equal(limit.faultOf('secrets', 'a-000'), forbidden)
    assert.deepEqual(refuse('a-001'), [false, false, false]) // the one that waits was refused
    pass(11)
    assert.equal(limit.replace('secrets', 'a-001', forbidden), true)
    assert.equal(limit.watched.secrets.has('a-000'), true)
    const { secrets } = choose(many('a', 200)) // one fewer
    assert.equal(secrets.has('a-001'), true)
  })
})
