import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { publishTargetContract } from '../../../../e2e/contract/publish-target-contract.ts'
import type { PublishTarget } from '../../../../src/oidc/issuer-documents.ts'
import { openTarget } from '../../../../src/publish/open-target.ts'
import { type Publication, publishDocuments } from '../../../../src/publish/publish-documents.ts'
import { issuer, keysOf, p256Jwk, p384Jwk, rsaJwk } from '../../../issuer/public/public-facts.ts'
import { runPullpass } from '../../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../../support/start-test-sandbox.ts'
import { asOperator, asPod } from './as-pod.ts'

const document = (keys: readonly object[]) => ({
  text: JSON.stringify({ keys }),
  contentType: 'application/jwk-set+json',
  cacheControl: 'public, max-age=300',
})

const open = (sandbox: TestSandbox, provider = sandbox.gcp.provider): Promise<PublishTarget> =>
  openTarget(`gcp-provider:${provider}`, asOperator(sandbox))

publishTargetContract('gcp-provider: at the sandbox', { preconditions: 'checked' }, async (t) => {
  const sandbox = await startTestSandbox(t)
  const {
    cluster,
    gcp,
    gcp: { provider },
  } = sandbox
  const set = async (jwksJson?: string) =>
    gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, ...(jwksJson && { jwksJson }) })
  return {
    target: await open(sandbox),
    other: await open(sandbox),
    missing: await open(sandbox, provider.replace(/cluster$/, 'not-there')),
    denied: await openTarget(`gcp-provider:${provider}`, await asPod(sandbox)),
    put: (_, text) => set(text),
    remove: () => set(),
  }
})

const rsa = { kty: 'RSA', alg: 'RS256', use: 'sig', kid: 'rsa', n: 'n', e: 'AQAB' }
const p256 = { kty: 'EC', alg: 'ES256', use: 'sig', kid: 'p256', x: 'x', y: 'y', crv: 'P-256' }

suite('gcp-provider:', () => {
  test('takes keys that Google reads, and nothing else of them', async (t) => {
    const sandbox = await startTestSandbox(t)
    const target = await open(sandbox)
    const stray = { ...rsa, x5t: 'thumbprint', key_ops: ['verify'] }
    const keys = [stray, p256, { ...p256, kid: 'p384', crv: 'P-384' }, { kty: 'oct', k: 'secret' }]
    assert.equal(await target.write('jwks', document(keys), undefined), 'written')
    assert.deepEqual(JSON.parse((await target.read('jwks'))?.text ?? ''), { keys: [rsa, p256] })
  })

  test('with all keys again, is unchanged, and the keys that Google does not accept are reported', async (t) => {
    const target = await open(await startTestSandbox(t))
    const own = keysOf(p384Jwk, p256Jwk, rsaJwk)
    const publication: Publication = { issuer, own, choose: () => own, conflictPolicy: 'Refuse', mode: 'write' }
    const { changes: first } = await publishDocuments(target, publication)
    const { changes, keys } = await publishDocuments(target, publication)
    assert.deepEqual([first, changes], [{ jwks: 'created' }, { jwks: 'unchanged' }])
    const stated = keys.map(({ key, state, reason }) => [key.curve, state, reason])
    assert.deepEqual(stated, [
      ['P-384', 'left out', 'the target does not accept keys of type P-384'],
      ['P-256', 'kept', undefined],
      [undefined, 'kept', undefined],
    ])
  })

  test('with no key that Google takes is an error, also of a dry run', async (t) => {
    const target = await open(await startTestSandbox(t))
    const own = keysOf(p384Jwk)
    const publication: Publication = { issuer, own, choose: () => own, conflictPolicy: 'Refuse', mode: 'dry-run' }
    await assert.rejects(publishDocuments(target, publication), {
      code: 'KEYS_UNUSABLE',
      seen: `${target.name} keeps none of the cluster's keys ("${own[0]?.keyId}": the target does not accept keys of type P-384)`,
    })
  })

  test('is not left without a key that Google reads', async (t) => {
    const sandbox = await startTestSandbox(t)
    const target = await open(sandbox)
    await target.write('jwks', document([rsa]), undefined)
    const before = await target.read('jwks')
    await assert.rejects(target.write('jwks', document([{ ...p256, crv: 'P-521' }]), before?.version), {
      code: 'KEYS_UNUSABLE',
    })
    assert.deepEqual(await target.read('jwks'), before)
  })

  test('keeps what else the provider has', async (t) => {
    const sandbox = await startTestSandbox(t)
    const before = sandbox.gcp.identity.read(sandbox.gcp.provider)
    await (await open(sandbox)).write('jwks', document([rsa]), undefined)
    const after = sandbox.gcp.identity.read(sandbox.gcp.provider)
    assert.deepEqual(after?.attributeMapping, before?.attributeMapping)
    assert.deepEqual(after?.oidc?.issuerUri, before?.oidc?.issuerUri)
  })

  test('believes the cluster by the keys that were uploaded, though nothing is public', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { publicKey, kid } = sandbox.cluster.keys.current
    const key = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
    assert.match((await runPullpass(sandbox, ['refresh'])).stderr, /^ISSUER_UNREACHABLE/m)
    await (await open(sandbox)).write('jwks', document([key]), undefined)
    assert.equal((await runPullpass(sandbox, ['refresh'])).exitCode, 0)
  })

  test('that is deleted is missing, and the hint states how long it can be restored', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.identity.putProvider({
      name: sandbox.gcp.provider,
      issuerUri: sandbox.cluster.issuer,
      state: 'DELETED',
    })
    await assert.rejects((await open(sandbox)).read('jwks'), {
      code: 'PUBLISH_TARGET_NOT_FOUND',
      seen: `the provider ${sandbox.gcp.provider} is deleted`,
    })
  })
})
