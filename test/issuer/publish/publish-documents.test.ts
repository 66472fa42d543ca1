import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  buildDocuments,
  type DocumentName,
  type DocumentToStore,
  documentStore,
  type PublishTarget,
  type StoredDocument,
  type TargetFacts,
} from '../../../src/oidc/issuer-documents.ts'
import { type IssuerKey, mergeKeys, parseJwks } from '../../../src/oidc/keys.ts'
import { digestOf, emptyKeyState } from '../../../src/publish/key-state.ts'
import { publishServed } from '../../../src/publish/publish.ts'
import { type Publication, publishDocuments } from '../../../src/publish/publish-documents.ts'
import { issuer, keysOf, p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

interface MemoryTarget extends PublishTarget {
  readonly stored: Map<DocumentName, StoredDocument>
  /** `NAME over VERSION`, of every write that was tried. */
  readonly tried: string[]
}

/** A place in memory; `meanwhile` is run before each write, as by a second writer. */
function memoryTarget({
  facts = documentStore(),
  meanwhile = () => undefined,
}: {
  facts?: TargetFacts
  meanwhile?: (target: MemoryTarget, name: DocumentName) => void
} = {}): MemoryTarget {
  let version = 0
  const target: MemoryTarget = {
    name: 'memory',
    publicUrl: issuer,
    facts,
    stored: new Map(),
    tried: [],
    read: async (name) => target.stored.get(name),
    async write(name, { text }, replaces) {
      meanwhile(target, name)
      target.tried.push(`${name} over ${replaces ?? 'nothing'}`)
      if (target.stored.get(name)?.version !== replaces) return 'conflict'
      target.stored.set(name, { text, version: String(++version) })
      return 'written'
    },
  }
  return target
}

const publication = (own: readonly IssuerKey[], changes: Partial<Publication> = {}): Publication => ({
  issuer,
  own,
  choose: (published) => mergeKeys(own, published),
  conflictPolicy: 'Refuse',
  mode: 'write',
  ...changes,
})

const put = (target: MemoryTarget, ...jwks: readonly object[]) => {
  const documents = buildDocuments(issuer, keysOf(...jwks))
  for (const name of ['jwks', 'discovery'] as const)
    target.stored.set(name, { text: documents[name].text, version: 'a' })
}
const published = ({ stored }: MemoryTarget) =>
  parseJwks(stored.get('jwks')?.text ?? '')?.map(({ keyId }) => keyId) ?? []

suite('publishing', () => {
  test('to an empty place writes the keys first, then what names them, each where nothing is', async () => {
    const target = memoryTarget()
    const { changes, keys } = await publishDocuments(target, publication(keysOf(rsaJwk)))
    assert.deepEqual(target.tried, ['jwks over nothing', 'discovery over nothing'])
    assert.deepEqual(changes, { jwks: 'created', discovery: 'created' })
    assert.deepEqual(
      keys.map(({ key, state }) => [key.keyId, state]),
      [['key-1', 'added']],
    )
  })

  test('again writes nothing', async () => {
    const target = memoryTarget()
    await publishDocuments(target, publication(keysOf(rsaJwk)))
    const { changes, keys } = await publishDocuments(target, publication(keysOf(rsaJwk)))
    assert.equal(target.tried.length, 2)
    assert.deepEqual(changes, { jwks: 'unchanged', discovery: 'unchanged' })
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['kept'],
    )
  })

  test('the same in another form of JSON writes nothing', async () => {
    const target = memoryTarget()
    put(target, rsaJwk)
    for (const [name, { text }] of target.stored) {
      target.stored.set(name, { text: JSON.stringify(JSON.parse(text)), version: 'a' })
    }
    await publishDocuments(target, publication(keysOf(rsaJwk)))
    assert.deepEqual(target.tried, [])
  })

  test('a new key keeps the old one public, and a further algorithm is reported', async () => {
    const target = memoryTarget()
    put(target, rsaJwk)
    const outcome = await publishDocuments(target, publication(keysOf(p256Jwk, rsaJwk)))
    assert.deepEqual(target.tried, ['jwks over a', 'discovery over a'])
    assert.deepEqual(published(target), ['key-1', 'key-2'])
    assert.deepEqual(
      outcome.keys.map(({ key, state }) => [key.keyId, state]),
      [
        ['key-2', 'added'],
        ['key-1', 'kept'],
      ],
    )
  })

  test('a key that is no longer chosen is withdrawn, and reported', async () => {
    const target = memoryTarget()
    put(target, rsaJwk, p256Jwk)
    const { keys } = await publishDocuments(target, publication(keysOf(rsaJwk), { choose: () => keysOf(rsaJwk) }))
    assert.deepEqual(published(target), ['key-1'])
    assert.deepEqual(
      keys.map(({ key, state }) => [key.keyId, state]),
      [
        ['key-1', 'kept'],
        ['key-2', 'withdrawn'],
      ],
    )
  })

  test('what no cloud reads is left out, with the reason', async () => {
    const target = memoryTarget()
    const own = keysOf(rsaJwk, { kty: 'OKP', crv: 'Ed25519', kid: 'key-4', x: 'AA' })
    const { keys } = await publishDocuments(target, publication(own))
    assert.deepEqual(published(target), ['key-1'])
    assert.deepEqual(
      keys.map(({ state, reason }) => [state, reason]),
      [
        ['added', undefined],
        ['left out', 'no cloud reads keys of kind OKP'],
      ],
    )
  })

  test('in a dry run reports the same and writes nothing', async () => {
    const target = memoryTarget()
    const { changes, documents } = await publishDocuments(target, publication(keysOf(rsaJwk), { mode: 'dry-run' }))
    assert.deepEqual(changes, { jwks: 'created', discovery: 'created' })
    assert.deepEqual([target.tried, target.stored.size], [[], 0])
    assert.equal(JSON.parse(documents.discovery.text).issuer, issuer)
  })

  test('in a dry run checks whether what changes may be written, where the target can', async () => {
    const checked: DocumentName[] = []
    const target = {
      ...memoryTarget(),
      checkWrite: async (name: DocumentName, { text }: DocumentToStore) => {
        checked.push(name)
        if (name === 'jwks') assert.equal(parseJwks(text)?.length, 2) // what a store that ignores preconditions would write
      },
    }
    await publishDocuments(target, publication(keysOf(rsaJwk), { mode: 'dry-run' }))
    assert.deepEqual(checked, []) // nothing exists yet
    await publishDocuments(target, publication(keysOf(rsaJwk)))
    const stored = new Map(target.stored)
    await publishDocuments(target, publication(keysOf(rsaJwk, p256Jwk), { mode: 'dry-run' }))
    assert.deepEqual(checked, ['jwks', 'discovery'])
    assert.deepEqual(target.stored, stored)
  })

  test('over a damaged document writes it again, though its replacement is what is to be published', async () => {
    const target = memoryTarget()
    await publishDocuments(target, publication(keysOf(rsaJwk)))
    const damaged: PublishTarget = {
      ...target,
      read: async (name) => {
        const found = target.stored.get(name)
        return found && name === 'jwks' ? { ...found, isDamaged: true } : found
      },
    }
    const { changes } = await publishDocuments(damaged, publication(keysOf(rsaJwk)))
    assert.deepEqual(changes, { jwks: 'updated', discovery: 'unchanged' })
    assert.deepEqual(target.tried.slice(2), ['jwks over 1'])
  })

  test('to a target that stores keys only writes and reads those', async () => {
    const target = memoryTarget({ facts: { publishes: 'keys', stores: ['jwks'] } })
    const { changes } = await publishDocuments(target, publication(keysOf(rsaJwk)))
    assert.deepEqual([target.tried, changes], [['jwks over nothing'], { jwks: 'created' }])
  })

  test('the previous documents are reported, since a cache may still serve them', async () => {
    const target = memoryTarget()
    put(target, rsaJwk)
    const { before } = await publishDocuments(target, publication(keysOf(rsaJwk, p256Jwk)))
    assert.equal(before.jwks?.version, 'a')
  })
})

suite('publishing concurrently with a second writer', () => {
  test('reads the documents again, and keeps the key of the other writer', async () => {
    let times = 1
    const target = memoryTarget({
      meanwhile: (place) => {
        if (times-- > 0) put(place, rsaJwk, p384Jwk)
      },
    })
    await publishDocuments(target, publication(keysOf(rsaJwk, p256Jwk)))
    assert.deepEqual(target.tried, ['jwks over nothing', 'jwks over a', 'discovery over a'])
    assert.deepEqual(published(target), ['key-1', 'key-2', 'key-3'])
  })

  test('who is faster between the two documents is not overwritten either', async () => {
    let times = 1
    const target = memoryTarget({
      meanwhile: (place, name) => {
        if (name === 'discovery' && times-- > 0) put(place, rsaJwk, p384Jwk)
      },
    })
    await publishDocuments(target, publication(keysOf(rsaJwk, p256Jwk)))
    assert.deepEqual(published(target), ['key-1', 'key-2', 'key-3'])
    assert.deepEqual(JSON.parse(target.stored.get('discovery')?.text ?? '').id_token_signing_alg_values_supported, [
      'ES256',
      'ES384',
      'RS256',
    ])
  })

  test('who is always faster ends it, after five times', async () => {
    let version = 0
    const target = memoryTarget({
      meanwhile: ({ stored }) => {
        const { text } = buildDocuments(issuer, keysOf(rsaJwk)).jwks
        stored.set('jwks', { text, version: `other-${++version}` })
      },
    })
    await assert.rejects(publishDocuments(target, publication(keysOf(rsaJwk, p256Jwk))), {
      code: 'PUBLISH_CONFLICT',
      seen: 'another writer changed memory between each read and write, 5 times',
      retryable: true,
    })
    assert.equal(target.tried.length, 5)
    assert.deepEqual(published(target), ['key-1'])
  })
})

suite('publishing is refused, and what is public stays', () => {
  test('over another cluster’s keys, unless it is to adopt them', async () => {
    const target = memoryTarget()
    put(target, p384Jwk)
    await assert.rejects(publishDocuments(target, publication(keysOf(rsaJwk))), {
      code: 'PUBLISH_NOT_OURS',
      seen: "memory has a JWKS of another cluster: none of its 1 keys is this cluster's; it was left unchanged",
    })
    assert.deepEqual([published(target), target.tried], [['key-3'], []])
    await publishDocuments(target, publication(keysOf(rsaJwk), { conflictPolicy: 'Adopt' }))
    assert.deepEqual(published(target), ['key-1'])
  })

  test('under another issuer than before, with the flag that keeps the one before', async () => {
    const target = memoryTarget()
    await publishDocuments(target, { ...publication(keysOf(rsaJwk)), issuer: 'https://oidc.example.com/cluster-1/' })
    target.tried.length = 0
    await assert.rejects(publishDocuments(target, publication(keysOf(rsaJwk))), {
      code: 'PUBLISH_NOT_OURS',
      seen: 'memory has the discovery document of issuer "https://oidc.example.com/cluster-1/", with keys of this cluster; it was left unchanged',
      hint: 'publish it as before: --issuer-url https://oidc.example.com/cluster-1/; or the other issuer at another path',
    })
    assert.deepEqual(target.tried, [])
  })

  test('where every key was revoked, which is not called the API server’s fault', async () => {
    const target = memoryTarget()
    await assert.rejects(publishDocuments(target, publication(keysOf(rsaJwk), { choose: () => [] })), {
      code: 'KEYS_UNUSABLE',
      seen: 'each key of the cluster was revoked ("key-1"), and a revoked one is never published again',
    })
  })

  for (const [name, own] of Object.entries({ 'no key': [], 'no key that a cloud reads': [{ kty: 'OKP', kid: 'a' }] })) {
    test(`with ${name}`, async () => {
      const target = memoryTarget()
      const choose = () => keysOf(...own)
      await assert.rejects(publishDocuments(target, publication(keysOf(...own), { choose })), { code: 'KEYS_UNUSABLE' })
      assert.deepEqual(target.tried, [])
    })
  }

  test('when the place fails between the two documents, the keys are out and nothing names what does not exist', async () => {
    const target = memoryTarget({
      meanwhile: (_, name) => {
        if (name === 'discovery') throw new Error('the store is down')
      },
    })
    await assert.rejects(publishDocuments(target, publication(keysOf(rsaJwk))), { message: 'the store is down' })
    assert.deepEqual([...target.stored.keys()], ['jwks'])
  })
})

suite('publishing without revoked keys', () => {
  test('reads the revocations again after a write whose response was lost', async () => {
    const [kept, added] = keysOf(rsaJwk, p256Jwk)
    assert.ok(kept && added)
    const target = memoryTarget()
    await publishDocuments(target, publication([kept]))
    let isLost = true
    const losing: PublishTarget = {
      ...target,
      async write(...write) {
        const result = await target.write(...write)
        if (!isLost) return result
        isLost = false
        return 'conflict' // as after a retry of a write that was stored
      },
    }
    await publishServed(
      losing,
      { issuer, served: [kept, added], conflictPolicy: 'Refuse', mode: 'write' },
      emptyKeyState,
      async () => ({
        ...emptyKeyState,
        revocations: [{ digest: digestOf(added.keyId), keyId: added.keyId, key: added, revokedAt: new Date(0) }],
      }),
    )
    assert.deepEqual(published(target), [kept.keyId])
  })
})
