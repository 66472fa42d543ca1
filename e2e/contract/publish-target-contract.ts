/** The behaviour that publishing requires of every target: the same cases run against a folder, each store and a provider. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { ErrorCode } from '../../src/errors/codes.ts'
import type { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { DocumentName, DocumentToStore, PublishTarget } from '../../src/oidc/issuer-documents.ts'

export interface ContractTarget {
  readonly target: PublishTarget
  /** Opened separately: another writer to the same target. */
  readonly other: PublishTarget
  /** A target of the same kind that does not exist. */
  readonly missing: PublishTarget
  /** The same target with an identity without permission; absent: the target has no identities. */
  readonly denied?: PublishTarget
  /** The response to an anonymous client; absent: no anonymous access. */
  readonly readAnonymously?: (name: DocumentName) => Promise<Response>
  /** Writes a text directly, not by the target. */
  readonly put: (name: DocumentName, text: string) => Promise<void>
  readonly remove: (name: DocumentName) => Promise<void>
}

export interface TargetTraits {
  /** `atomic`: of two concurrent writes one gets a conflict. `checked`: a provider has no precondition for that. */
  readonly preconditions: 'atomic' | 'checked'
}

/** In the form that a provider returns, too. */
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

/** With the name of the target, which a vendor's message rarely contains, and without the vendor's error as cause. */
const matchesError =
  (code: ErrorCode, { name }: PublishTarget) =>
  (fault: PullpassError) => {
    assert.deepEqual([fault.code, fault.hop, fault.cause], [code, 'publish', undefined]) // the cause would contain the request, and so a token
    assert.ok(fault.expected, 'the error has expected')
    assert.ok(fault.hint ?? fault.command, 'the error has a fix')
    assert.ok(`${fault.seen} ${fault.expected}`.includes(name.replace(/^gcp-provider:/, '')), fault.message)
    return true
  }

/** `start` is called once for each case, for an empty target; it registers its cleanup by `t.after`. */
export function publishTargetContract(
  name: string,
  { preconditions }: TargetTraits,
  start: (t: TestContext) => Promise<ContractTarget>,
): void {
  suite(`publish target contract: ${name}`, () => {
    test('an empty target has no document', async (t) => {
      const { target } = await start(t)
      assert.equal(await target.read('jwks'), undefined)
    })

    test('a written document is read unchanged', async (t) => {
      const { target, other } = await start(t)
      assert.equal(await target.write('jwks', keys('one'), undefined), 'written')
      assert.equal((await other.read('jwks'))?.text, jwks('one'))
      if (!target.facts.stores.includes('discovery')) return
      assert.equal(await target.read('discovery'), undefined)
      assert.equal(await target.write('discovery', discovery, undefined), 'written')
      assert.equal((await target.read('discovery'))?.text, discovery.text)
    })

    test('a document is created only if none exists', async (t) => {
      const { target, other } = await start(t)
      await other.write('jwks', keys('other'), undefined)
      assert.equal(await target.write('jwks', keys('mine'), undefined), 'conflict')
      assert.equal((await target.read('jwks'))?.text, jwks('other'))
    })

    test('the version that was read is replaced, and gets a new version', async (t) => {
      const { target } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const before = await target.read('jwks')
      assert.equal(await target.write('jwks', keys('two'), before?.version), 'written')
      const after = await target.read('jwks')
      assert.equal(after?.text, jwks('two'))
      assert.notEqual(after?.version, before?.version)
    })

    test('a later write of another writer is not overwritten', async (t) => {
      const { target, other } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const read = await target.read('jwks')
      await other.write('jwks', keys('two'), read?.version)
      assert.equal(await target.write('jwks', keys('three'), read?.version), 'conflict')
      assert.equal((await target.read('jwks'))?.text, jwks('two'))
    })

    test('checking write permission changes nothing, if the target supports it', async (t) => {
      const { target } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const before = await target.read('jwks')
      await target.checkWrite?.('jwks', keys('two'))
      assert.deepEqual(await target.read('jwks'), before)
    })

    test('a document that was removed meanwhile is not created again', async (t) => {
      const { target, remove } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      const read = await target.read('jwks')
      await remove('jwks')
      assert.equal(await target.write('jwks', keys('two'), read?.version), 'conflict')
      assert.equal(await target.read('jwks'), undefined)
    })

    test('of concurrent replacements of the same version one succeeds and the others conflict', {
      skip: preconditions === 'atomic' ? false : 'this target has no atomic precondition',
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

    test('an anonymous client gets the document with its media type and cache lifetime', async (t) => {
      const { target, readAnonymously } = await start(t)
      await target.write('jwks', keys('one'), undefined)
      if (readAnonymously === undefined) return assert.equal(target.publicUrl, undefined)
      const response = await readAnonymously('jwks')
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('content-type'), 'application/jwk-set+json')
      assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
      assert.equal(await response.text(), jwks('one'))
    })

    test('a missing target is reported by reads and writes, with its name and a hint', async (t) => {
      const { missing } = await start(t)
      const isExpected = matchesError('PUBLISH_TARGET_NOT_FOUND', missing)
      await assert.rejects(missing.read('jwks'), isExpected)
      await assert.rejects(missing.write('jwks', keys('one'), undefined), isExpected)
    })

    test('missing permission is reported with the name of the target and a hint', async (t) => {
      const { denied } = await start(t)
      if (denied === undefined) return t.skip('the target has no identities')
      const isExpected = matchesError('PUBLISH_DENIED', denied)
      await assert.rejects(denied.read('jwks'), isExpected)
      await assert.rejects(denied.write('jwks', keys('one'), undefined), isExpected)
    })

    test('a document over 1 MiB is not read', async (t) => {
      const { target, put } = await start(t)
      await put('jwks', `{"keys":[],"more":"${'x'.repeat(1024 * 1024)}"}`)
      await assert.rejects(target.read('jwks'), { code: 'RESPONSE_TOO_LARGE', hop: 'publish' })
    })
  })
}
