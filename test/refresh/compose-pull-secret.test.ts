import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type DockerConfigEntry, parseDockerConfig } from '../../src/credential/docker-config.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { type ComposedPullSecret, composePullSecret, type Earlier } from '../../src/refresh/compose-pull-secret.ts'
import { mintFingerprint } from '../../src/refresh/exchange-requests.ts'
import type { Minted } from '../../src/refresh/mint-credentials.ts'
import { Redacted } from '../../src/text/redacted.ts'
import fc from '../support/fast-check.ts'
import { documentOf, registry } from './test-document.ts'

const names = ['one', 'two', 'three']
const document = documentOf(names.map((name) => registry(name)))
const expiresAt = new Date('2026-11-24T13:00:00Z')
const earlierExpiry = new Date('2026-11-24T12:20:00Z')

/** What an exchange gave: a password by name of its registry; the others failed. */
const mint = (succeeding: readonly string[]): Minted =>
  new Map(
    document.registries.map((each) => [
      mintFingerprint(document, each),
      succeeding.includes(each.name)
        ? { hosts: each.hosts, username: 'user', password: new Redacted(`new-${each.name}`), expiresAt }
        : new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: `${each.name} failed` }),
    ]),
  )

const hold = (held: readonly string[]): Earlier => ({
  entries: new Map<string, DockerConfigEntry>(
    held.map((name) => [`${name}.example.com`, { username: 'user', password: new Redacted(`old-${name}`) }]),
  ),
  record: {
    document: 'ClusterPullSecret/pull',
    target: 'team-a/regcred',
    refreshedAt: new Date('2026-11-24T11:20:00Z'),
    registries: new Map(
      held.map((name) => [name, { hosts: [`${name}.example.com`], expiresAt: earlierExpiry, mintedFrom: 'earlier' }]),
    ),
  },
})

/** By host: the password that a kubelet would use. */
function passwords({ dockerConfigJson }: ComposedPullSecret): Record<string, string> {
  const { entries, findings } = parseDockerConfig(dockerConfigJson ?? new Redacted('{"auths":{}}'))
  assert.deepEqual(findings, [])
  return Object.fromEntries([...entries].map(([host, { password }]) => [host, password.reveal()]))
}

suite('what a pull secret will hold', () => {
  test('is every new credential, and the earlier one where there is no new one', () => {
    fc.assert(
      fc.property(fc.subarray(names), fc.subarray(names), (succeeding, held) => {
        const composed = composePullSecret(document, mint(succeeding), hold(held))
        const expected = names.flatMap((name) => {
          const password = succeeding.includes(name) ? `new-${name}` : held.includes(name) ? `old-${name}` : undefined
          return password === undefined ? [] : [[`${name}.example.com`, password] as const]
        })
        if (succeeding.length === 0) assert.equal(composed.dockerConfigJson, undefined)
        else assert.deepEqual(passwords(composed), Object.fromEntries(expected))
      }),
    )
  })

  test('is recorded and reported with the expiry of its entries', () => {
    fc.assert(
      fc.property(fc.subarray(names, { minLength: 1 }), fc.subarray(names), (succeeding, held) => {
        const { records, registries } = composePullSecret(document, mint(succeeding), hold(held))
        for (const { name, state, fault, expiresAt: reported } of registries) {
          const fresh = succeeding.includes(name)
          assert.equal(state, fresh ? 'fresh' : held.includes(name) ? 'kept' : 'absent')
          assert.equal(fault?.seen, fresh ? undefined : `${name} failed`)
          const until = fresh ? expiresAt : held.includes(name) ? earlierExpiry : undefined
          assert.deepEqual([reported, records.get(name)?.expiresAt], [until, until])
        }
      }),
    )
  })

  test('is unchanged if nothing was minted, and reported by its own annotations', () => {
    const { dockerConfigJson, registries } = composePullSecret(document, mint([]), {
      ...hold(['one', 'two']),
      entries: undefined,
    })
    assert.equal(dockerConfigJson, undefined)
    assert.deepEqual(
      registries.map(({ state, expiresAt: reported }) => [state, reported]),
      [
        ['kept', earlierExpiry],
        ['kept', earlierExpiry],
        ['absent', undefined],
      ],
    )
  })

  test('keeps an entry of a host that its registry no longer names, while that fails', () => {
    const changed = documentOf([registry('one'), registry('two', ['moved.example.com'])])
    const failing = new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: 'two failed' })
    const minted: Minted = new Map([...mint(['one']), [mintFingerprint(changed, registry('two', [])), failing]])
    assert.deepEqual(passwords(composePullSecret(changed, minted, hold(['one', 'two']))), {
      'one.example.com': 'new-one',
      'two.example.com': 'old-two',
    })
  })

  test('keeps an entry that nothing records, without an expiry', () => {
    const composed = composePullSecret(document, mint(['one', 'three']), { ...hold(['two']), record: undefined })
    assert.equal(passwords(composed)['two.example.com'], 'old-two')
    assert.deepEqual([...composed.records.keys()], ['one', 'three'])
    assert.equal(composed.registries[1]?.state, 'kept')
  })

  test('has an entry for each host that shares an exchange', () => {
    const shared = documentOf([
      { ...registry('one'), hosts: ['a.example.com', 'b.example.com'] },
      { ...registry('one'), name: 'again', hosts: ['c.example.com/path/'] },
    ])
    assert.deepEqual(passwords(composePullSecret(shared, mint(['one']))), {
      'a.example.com': 'new-one',
      'b.example.com': 'new-one',
      'c.example.com/path/': 'new-one',
    })
  })
})
