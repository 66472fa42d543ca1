import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { publishTargetContract } from '../../../../e2e/contract/publish-target-contract.ts'
import { documentPaths } from '../../../../src/oidc/issuer-documents.ts'
import { openTarget } from '../../../../src/publish/open-target.ts'
import { fakeContext } from '../../../support/fake-context.ts'
import { startTestSandbox } from '../../../support/start-test-sandbox.ts'
import { asOperator, asPod } from './as-pod.ts'

const document = { text: '{"keys":[]}', contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }

publishTargetContract('gs:// at the sandbox', { preconditions: 'atomic' }, async (t) => {
  const sandbox = await startTestSandbox(t)
  sandbox.gcp.store.putBucket('example-issuer', { access: 'public' })
  sandbox.gcp.store.putBucket('private-issuer')
  const keyOf = (name: keyof typeof documentPaths) => `cluster-1/${documentPaths[name]}`
  const target = await openTarget('gs://example-issuer/cluster-1', asOperator(sandbox))
  return {
    target,
    other: await openTarget('gs://example-issuer/cluster-1', asOperator(sandbox)),
    missing: await openTarget('gs://not-there/cluster-1', asOperator(sandbox)),
    denied: await openTarget('gs://private-issuer/cluster-1', await asPod(sandbox)),
    async readAnonymously(name) {
      const url = `${target.publicUrl}/${documentPaths[name]}`
      const { status, headers, body } = await asOperator(sandbox).transport({
        method: 'GET',
        url,
        headers: {},
        maxBytes: 1024 * 1024,
        signal: AbortSignal.timeout(5000),
      })
      const [type = '', cache = ''] = [headers['content-type'], headers['cache-control']]
      return new Response(body, { status, headers: { 'content-type': type, 'cache-control': cache } })
    },
    put: async (name, body) =>
      void sandbox.gcp.store.put('example-issuer', keyOf(name), { body, contentType: 'application/json' }),
    remove: async (name) => sandbox.gcp.store.remove('example-issuer', keyOf(name)),
  }
})

suite('gs://', () => {
  test('is read by anonymous clients at storage.googleapis.com', async () => {
    const context = fakeContext()
    const target = await openTarget('gs://example-issuer/clusters/one', context)
    assert.equal(target.publicUrl, 'https://storage.googleapis.com/example-issuer/clusters/one')
    assert.equal(
      (await openTarget('gs://example-issuer', context)).publicUrl,
      'https://storage.googleapis.com/example-issuer',
    )
  })

  test('a check of the permission to write refuses a store that ignores preconditions', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.putBucket('example-issuer')
    const response = { status: 200, body: { generation: '2' } }
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response },
      { when: ({ path }) => path.startsWith('/upload/') },
    )
    const target = await openTarget('gs://example-issuer', asOperator(sandbox))
    await assert.rejects(async () => await target.checkWrite?.('jwks', document), {
      code: 'PUBLISH_REFUSED',
      seen: /wrote a document of gs:\/\/example-issuer although the precondition ifGenerationMatch was not met$/,
    })
  })

  test('the refusal names the permission that Google names, and the command that grants it', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.putBucket('private-issuer')
    const target = await openTarget('gs://private-issuer', await asPod(sandbox))
    await assert.rejects(target.write('jwks', document, undefined), {
      code: 'PUBLISH_DENIED',
      seen: /^Google responded with 403 ".*storage\.objects\.create.*" on writing gs:\/\/private-issuer$/,
      hint: 'allow the operator to write (PRINCIPAL: the principal of your credentials in their pool)',
      command:
        'gcloud storage buckets add-iam-policy-binding gs://private-issuer --role=roles/storage.objectUser --member="${PRINCIPAL:?}" --condition=None',
    })
  })

  test('a request to a store that is down for a moment is retried', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.putBucket('example-issuer')
    sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status: 503, body: 'busy' } }, { times: 2 })
    const target = await openTarget('gs://example-issuer', asOperator(sandbox))
    assert.equal(await target.write('jwks', document, undefined), 'written')
  })

  test('a store that stays down is an error after a few tries', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status: 503, body: 'busy' } })
    const context = asOperator(sandbox)
    const target = await openTarget('gs://example-cluster', context)
    await assert.rejects(target.read('jwks'), {
      code: 'PUBLISH_UNAVAILABLE',
      retryable: true,
      seen: 'Google responded with 503 on reading gs://example-cluster',
    })
    assert.equal(context.slept.length, 3)
  })

  test('an emulator gets no token', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.putBucket('example-issuer', { access: 'public' })
    const context = asOperator(sandbox, {
      STORAGE_EMULATOR_HOST: sandbox.gcp.parts.storage.url,
      GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent',
    })
    const target = await openTarget('gs://example-issuer', context)
    assert.equal(await target.read('jwks'), undefined)
    assert.equal(target.publicUrl, `${sandbox.gcp.parts.storage.url}/example-issuer`)
  })

  test('is not opened for a variable that would send tokens in the clear', async () => {
    const context = fakeContext({ environment: { STORAGE_EMULATOR_HOST: 'http://storage.example.com' } })
    await assert.rejects(openTarget('gs://example-issuer', context), { code: 'VARIABLE_INVALID' })
  })

  test('a run that ends cancels its requests', async (t) => {
    const sandbox = await startTestSandbox(t)
    const end = new AbortController()
    const context = { ...asOperator(sandbox), signal: end.signal }
    const target = await openTarget('gs://example-cluster', context)
    end.abort(new Error('the run is over'))
    await assert.rejects(target.read('jwks'), { message: 'the run is over' })
  })
})
