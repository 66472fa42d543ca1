import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Document, DocumentRegistry } from '../../src/document/document.ts'
import { listExchangeRequests, mintFingerprint } from '../../src/refresh/exchange-requests.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { documentOf, registry } from './test-document.ts'

const one = registry('one')
const document = documentOf([one])
const account = { namespace: 'image-system', name: 'puller' }
const fingerprint = (changes: Partial<DocumentRegistry> = {}, more: Partial<Document> = {}) =>
  mintFingerprint({ ...document, ...more }, { ...one, ...changes })

suite('the fingerprint of what a credential is minted from', () => {
  const { workloadIdentityProvider } = one.settings
  const others: Record<string, string> = {
    'another audience': fingerprint({ audience: 'other' }),
    'another account at the vendor': fingerprint({
      settings: { ...one.settings, serviceAccountEmail: 'other@project.iam.gserviceaccount.com' },
    }),
    'no account at the vendor': fingerprint({ settings: { workloadIdentityProvider } }),
    'a token file': fingerprint({ tokenFile: '/one' }),
    'another token file': fingerprint({ tokenFile: '/two' }),
    'a field of a token file': fingerprint({ tokenFile: '/one', tokenFileField: 'token' }),
    'a requested token': fingerprint({}, { serviceAccountRef: account }),
    "another account's token": fingerprint({}, { serviceAccountRef: { ...account, name: 'other' } }),
    'a token of another namespace': fingerprint({}, { serviceAccountRef: { ...account, namespace: 'other' } }),
  }
  for (const [name, other] of Object.entries(others)) {
    test(`differs by ${name}`, () => assert.notEqual(other, fingerprint()))
  }

  test('differs between all of these', () => {
    const all = Object.values(others)
    assert.equal(new Set(all).size, all.length)
  })

  const same: Record<string, string> = {
    'of other hosts and another name': fingerprint({ name: 'other', hosts: ['other.example.com'] }),
    'of another document': fingerprint({}, { name: 'other', source: 'other.yaml:9', secretName: 'other' }),
    'with what only trust reads': fingerprint({
      settings: { ...one.settings, trust: { repository: 'projects/p/locations/europe/repositories/images' } },
    }),
    'in another order of its settings': fingerprint({
      settings: { serviceAccountEmail: 'one@project.iam.gserviceaccount.com', workloadIdentityProvider },
    }),
  }
  for (const [name, equal] of Object.entries(same)) {
    test(`is the same for a registry ${name}`, () => assert.equal(equal, fingerprint()))
  }

  test('is the same for any account named together with a token file', () => {
    assert.equal(fingerprint({ tokenFile: '/one' }, { serviceAccountRef: account }), fingerprint({ tokenFile: '/one' }))
  })
})

suite('documents that share a token', () => {
  const stated = (publishTo: string): Document => ({ ...document, name: publishTo, issuer: { publishTo } })

  test('have one exchange, behind the publication gate if one of them names its publication', async () => {
    const requests = await listExchangeRequests([document, stated('gs://one')], vendors)
    assert.deepEqual(
      requests.map((request) => request.document.issuer),
      [{ publishTo: 'gs://one' }],
    )
  })

  test('are refused if they name different publications', async () => {
    await assert.rejects(listExchangeRequests([stated('gs://one'), stated('gs://two')], vendors), {
      code: 'DOCUMENT_INVALID',
      seen: 'pull.yaml:1 and pull.yaml:1 exchange the same token, and their spec.issuer differs',
    })
  })
})
