/** What publishing relies on at every place it writes to: the same cases hold for a folder, each store and a provider. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { ErrorCode } from '../../src/errors/codes.ts'
import type { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { DocumentName, DocumentToStore, PublishTarget } from '../../src/oidc/issuer-documents.ts'

export interface ContractTarget {
  readonly target: PublishTarget
  /** Opened by itself: another writer to the same place. */
  readonly other: PublishTarget
  /** The same kind of place, which does not exist. */
  readonly missing: PublishTarget
  /** The same place, for who may not use it; absent: the place knows nobody. */
  readonly denied?: PublishTarget
  /** As a stranger gets it; absent: nobody does. */
  readonly readAnonymously?: (name: DocumentName) => Promise<Response>
  /** Writes whatever text past the target. */
  readonly put: (name: DocumentName, text: string) => Promise<void>
  readonly remove: (name: DocumentName) => Promise<void>
}

export interface TargetTraits {
  /** Of two who write over the same state at the same time one is told; a provider has nothing to hold that by. */
  readonly preconditions: 'atomic' | 'looked at'
}

/** As a provider gives it back, too. */
const jwks = (kid: string): string =>
  JSON.stringify({ keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid, n: `n-of-${kid}`, e: 'AQAB' }] })

const keys = (kid: string): DocumentToStore => ({
  text: jwks(kid),
  contentType: 'application/jwk-set+json',
  cacheControl: 'public, max-age=300',
})

const discovery: DocumentToStore = {
  text: '{"issuer":"https://oidc.example.com/über"}\n',
  contentType: 'application/json',
  cacheControl: 'public, max-age=300',
}

/** With the place's name somewhere in its words, since a vendor's sentence rarely has it, and without the vendor's own error. */
const matchesError =
  (code: ErrorCode, { name }: PublishTarget) =>
  (fault: PullpassError) => {
    assert.deepEqual([fault.code, fault.hop, fault.cause], [code, 'publish', undefined]) // it holds the request, and that a token
    assert.ok(fault.expected, 'it says what was expected')
    assert.ok(fault.hint, 'it says what to do')
    assert.ok(`${fault.seen} ${fault.expected}`.includes(name.replace(/^gcp-provider:/, '')), fault.message)
    return true
  }

/** `start` is called once for each case, for an empty place; what it starts is ended by `t.after`. */
export function publishTargetContract(
  name: string,
  { preconditions }: TargetTraits,
  start: (t: TestContext) => Promise<ContractTarget>,
): void {
  suite(`publish target contract: ${name}`, () => {
    test('an empty place has no document', async (t) => {
      const { target } = await start(t)
      assert.equal(await target.read('jwks'), undefined)
    })

    test('what was written is read back as it was', async (t) => {
      const { target, other } = await start(t)
      assert.equal(await target.write('jwks', keys('one'), undefined), 'written')
      assert.equal((await other.read('jwks'))?.text, jwks('one'))
      if (!target.facts.stores.includes('discovery')) return
      assert.equal(await target.read('discovery'), undefined)
      assert.equal(await target.write('discovery', discovery, undefined), 'written')
      assert.equal((await target.read('discovery'))?.text, discovery.text)
    })

    test('a document is made only where none is', async (t) => {
      const { target, other } = await start(t)
      await other.write('jwks', keys('other'), undefined)
      assert.equal(await target.write('jwks', keys('mine'), undefined), 'conflict')
      assert.equal((await target.read('jwks'))?.text, jwks('other'))
    })

    test('the state that was read is replaced, and has another name then', async (t) => {
      const { target } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const before = await target.read('jwks')
      assert.equal(await target.write('jwks', keys('two'), before?.version), 'written')
      const after = await target.read('jwks')
      assert.equal(after?.text, jwks('two'))
      assert.notEqual(after?.version, before?.version)
    })

    test('what a second writer wrote since is not overwritten', async (t) => {
      const { target, other } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const read = await target.read('jwks')
      await other.write('jwks', keys('two'), read?.version)
      assert.equal(await target.write('jwks', keys('three'), read?.version), 'conflict')
      assert.equal((await target.read('jwks'))?.text, jwks('two'))
    })

    test('to check whether a document may be written changes nothing, where a target can', async (t) => {
      const { target } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const before = await target.read('jwks')
      await target.checkWrite?.('jwks')
      assert.deepEqual(await target.read('jwks'), before)
    })

    test('what was taken away since is not made anew', async (t) => {
      const { target, remove } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const read = await target.read('jwks')
      await remove('jwks')
      assert.equal(await target.write('jwks', keys('two'), read?.version), 'conflict')
      assert.equal(await target.read('jwks'), undefined)
    })

    test('of two who replace the same state at the same time one is told', {
      skip: preconditions === 'atomic' ? false : 'nothing at this place holds it',
    }, async (t) => {
      const { target, other } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const read = await target.read('jwks')
      const outcomes = await Promise.all(
        ['two', 'three', 'four', 'five'].map((kid, index) =>
          (index % 2 === 0 ? target : other).write('jwks', keys(kid), read?.version),
        ),
      )
      assert.deepEqual(outcomes.toSorted(), ['conflict', 'conflict', 'conflict', 'written'])
    })

    test('a stranger gets the document with its type and for how long it holds', async (t) => {
      const { target, readAnonymously } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      if (readAnonymously === undefined) return assert.equal(target.publicUrl, undefined)
      const response = await readAnonymously('jwks')
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('content-type'), 'application/jwk-set+json')
      assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
      assert.equal(await response.text(), jwks('one'))
    })

    test('a place that does not exist is said to be missing, by reading and by writing, by name and with a way on', async (t) => {
      const { missing } = await start(t)
      const isExpected = matchesError('PUBLISH_TARGET_NOT_FOUND', missing)
      await assert.rejects(missing.read('jwks'), isExpected)
      await assert.rejects(missing.write('jwks', keys('one'), undefined), isExpected)
    })

    test('who may not use the place is told so, by its name and with a way on', async (t) => {
      const { denied } = await start(t)
      if (denied === undefined) return t.skip('the place knows nobody')
      const isExpected = matchesError('PUBLISH_DENIED', denied)
      await assert.rejects(denied.read('jwks'), isExpected)
      await assert.rejects(denied.write('jwks', keys('one'), undefined), isExpected)
    })

    test('what is longer than 1 MiB is not read', async (t) => {
      const { target, put } = await start(t)
      await put('jwks', `{"keys":[],"more":"${'x'.repeat(1024 * 1024)}"}`)
      await assert.rejects(target.read('jwks'), { code: 'RESPONSE_TOO_LARGE', hop: 'publish' })
    })
  })
}
