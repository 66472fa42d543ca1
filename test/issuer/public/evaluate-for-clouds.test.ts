import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { evaluateIssuer } from '../../../src/oidc/evaluate/evaluate.ts'
import type { PublicFacts } from '../../../src/oidc/public/public-facts.ts'
import { issuerVerifiers } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { subjectToken } from '../../support/subject-token.ts'
import { factsOfDiscovery, factsOfKeys, factsWith, issuer, p256Jwk, p384Jwk, rsaJwk } from './public-facts.ts'

const names = ['gcp', 'aws', 'azure', 'alibaba', 'quay', 'yandex', 'oidc'] as const
type VendorName = (typeof names)[number]
const verifiers = await issuerVerifiers(vendors, names)

/** The findings of each cloud, as `problem WORD`; a cloud without findings is left out. */
function findingsOf(facts: PublicFacts): Partial<Record<VendorName, string[]>> {
  const verdicts = evaluateIssuer(facts, verifiers).filter(({ findings }) => findings.length > 0)
  return Object.fromEntries(
    verdicts.map(({ vendor, findings }) => [vendor, findings.map(({ result, code }) => `${result} ${code}`)]),
  )
}

const everywhere = (...words: string[]): Record<VendorName, string[]> => ({
  gcp: words,
  aws: words,
  azure: words,
  alibaba: words,
  quay: words,
  yandex: words,
  oidc: words,
})

const unread = new PullpassError({
  code: 'DISCOVERY_UNAVAILABLE',
  hop: 'discovery',
  seen: 'oidc.example.com did not respond (ENOTFOUND)',
  hint: 'check that this address is reachable from here',
})

const token = { ...subjectToken, issuer, audiences: ['sts'] }
const verified = { token, signature: 'verified' } as const

interface Case {
  readonly facts: PublicFacts
  readonly expected: Partial<Record<VendorName, string[]>>
}

const cases: Record<string, Case> = {
  'what pullpass publishes': { facts: factsWith(), expected: {} },
  'an issuer by http': {
    facts: factsWith({ issuer: 'http://oidc.example.com' }),
    expected: everywhere('failed ISSUER_UNUSABLE', 'failed DISCOVERY_ISSUER_MISMATCH'),
  },
  'a port': {
    facts: { ...factsWith(), issuer: 'https://oidc.example.com:8443/c', found: undefined },
    expected: {
      gcp: ['warning ISSUER_PORT'],
      aws: ['failed ISSUER_PORT'],
      azure: ['warning ISSUER_PORT'],
      alibaba: ['warning ISSUER_PORT'],
      yandex: ['warning ISSUER_PORT'],
    },
  },
  'a slash at the end': {
    facts: { ...factsWith(), issuer: `${issuer}/`, found: undefined },
    expected: everywhere('warning ISSUER_TRAILING_SLASH'),
  },
  'a slash at the end that AKS put there': {
    facts: {
      ...factsWith(),
      issuer: 'https://westeurope.oic.prod-aks.azure.com/0a1b/2c3d/',
      managedService: 'AKS',
      found: undefined,
    },
    expected: {},
  },
  'a URL of 256 characters': {
    facts: { ...factsWith(), issuer: `https://oidc.example.com/${'c'.repeat(231)}`, found: undefined },
    expected: { aws: ['failed ISSUER_TOO_LONG'], alibaba: ['failed ISSUER_TOO_LONG'] },
  },
  'a URL of 601 characters': {
    facts: { ...factsWith(), issuer: `https://oidc.example.com/${'c'.repeat(576)}`, found: undefined },
    expected: {
      aws: ['failed ISSUER_TOO_LONG'],
      azure: ['failed ISSUER_TOO_LONG'],
      alibaba: ['failed ISSUER_TOO_LONG'],
    },
  },
  'a private address among public ones': {
    facts: factsWith({ hosts: [{ host: 'a', addresses: ['8.8.8.8', '::ffff:10.1.2.3'], untrusted: undefined }] }),
    expected: {
      gcp: ['failed ISSUER_ADDRESS_PRIVATE'],
      aws: ['failed ISSUER_ADDRESS_PRIVATE'],
      azure: ['failed ISSUER_ADDRESS_PRIVATE'],
      alibaba: ['failed ISSUER_ADDRESS_PRIVATE'],
      yandex: ['failed ISSUER_ADDRESS_PRIVATE'],
      quay: ['warning ISSUER_ADDRESS_PRIVATE'],
      oidc: ['warning ISSUER_ADDRESS_PRIVATE'],
    },
  },
  'a certificate of a private authority': {
    facts: factsWith({ hosts: [{ host: 'a', addresses: [], untrusted: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }] }),
    expected: {
      gcp: ['failed CERTIFICATE_UNTRUSTED'],
      aws: ['warning CERTIFICATE_UNTRUSTED'],
      azure: ['failed CERTIFICATE_UNTRUSTED'],
      alibaba: ['warning CERTIFICATE_UNTRUSTED'],
      yandex: ['warning CERTIFICATE_UNTRUSTED'],
      quay: ['warning CERTIFICATE_UNTRUSTED'],
      oidc: ['warning CERTIFICATE_UNTRUSTED'],
    },
  },
  'an expired certificate': {
    facts: factsWith({ hosts: [{ host: 'a', addresses: [], untrusted: 'CERT_HAS_EXPIRED' }] }),
    expected: everywhere('failed CERTIFICATE_UNTRUSTED'),
  },
  'a name that is not resolved': {
    facts: {
      ...factsWith(),
      found: { issuer, discovery: { kind: 'unavailable', url: issuer, fault: unread }, jwks: undefined },
      keys: undefined,
    },
    expected: everywhere('failed DISCOVERY_UNAVAILABLE'),
  },
  'a redirect': {
    facts: factsWith({ discovery: { status: 301, location: 'https://www.example.com/' } }),
    expected: everywhere('failed DISCOVERY_REDIRECTED'),
  },
  'a document that requires a login': {
    facts: factsWith({ jwks: { status: 403 } }),
    expected: everywhere('failed DISCOVERY_FORBIDDEN'),
  },
  'a document that does not exist': {
    facts: factsWith({ jwks: { status: 404 } }),
    expected: everywhere('failed DISCOVERY_NOT_FOUND'),
  },
  'a server that fails': {
    facts: factsWith({ jwks: { status: 503 } }),
    expected: everywhere('failed DISCOVERY_UNAVAILABLE'),
  },
  'a page in its place': {
    facts: factsWith({ discovery: { text: '<!DOCTYPE html><title>Sign in</title>', contentType: 'text/html' } }),
    expected: everywhere('warning CONTENT_TYPE_INVALID', 'failed DISCOVERY_MALFORMED'),
  },
  'a list in its place': {
    facts: factsWith({ discovery: { text: '[]' } }),
    expected: everywhere('failed DISCOVERY_MALFORMED'),
  },
  'a page in place of the keys': {
    facts: factsWith({ jwks: { text: '<html>' } }),
    expected: everywhere('failed DISCOVERY_MALFORMED'),
  },
  'keys as plain JSON, in any case and charset': {
    facts: factsWith({ jwks: { contentType: 'Application/JSON; charset=utf-8' } }),
    expected: {},
  },
  'no content type': {
    facts: factsWith({ discovery: { contentType: undefined } }),
    expected: everywhere('warning CONTENT_TYPE_INVALID'),
  },
  'no time to be cached': {
    facts: factsWith({ jwks: { cacheControl: undefined } }),
    expected: everywhere('warning CACHE_LIFETIME_MISSING'),
  },
  'no caching at all': {
    facts: factsWith({ jwks: { cacheControl: 'no-cache, max-age=300' } }),
    expected: everywhere('warning CACHE_LIFETIME_MISSING'),
  },
  'an hour of caching': { facts: factsWith({ jwks: { cacheControl: 'public, max-age=3600' } }), expected: {} },
  'more than an hour of caching': {
    facts: factsWith({ jwks: { cacheControl: 'max-age=3601' } }),
    expected: everywhere('warning CACHE_LIFETIME_LONG'),
  },
  'a document of 100 KiB': {
    facts: factsWith({ jwks: { text: `{"keys": [${JSON.stringify(rsaJwk)}]}${' '.repeat(100 * 1024)}` } }),
    expected: everywhere('warning DISCOVERY_LARGE'),
  },
  'another issuer': {
    facts: factsOfDiscovery({ issuer: 'https://kubernetes.default.svc' }),
    expected: everywhere('failed DISCOVERY_ISSUER_MISMATCH'),
  },
  'an issuer with one slash more': {
    facts: factsOfDiscovery({ issuer: `${issuer}/` }),
    expected: everywhere('failed DISCOVERY_ISSUER_MISMATCH'),
  },
  'fields that do not exist, or empty': {
    facts: factsOfDiscovery({ subject_types_supported: undefined, response_types_supported: [] }),
    expected: everywhere('failed DISCOVERY_FIELD_MISSING'),
  },
  'keys by http': {
    facts: factsOfDiscovery({ jwks_uri: 'http://oidc.example.com/jwks' }),
    expected: everywhere('failed JWKS_URI_INVALID'),
  },
  'an algorithm that is not listed': {
    facts: factsOfDiscovery({ id_token_signing_alg_values_supported: ['ES256'] }),
    expected: everywhere('warning ALGORITHM_UNLISTED'),
  },
  'no key': { facts: factsOfKeys(), expected: everywhere('failed KEYS_MISSING') },
  'a P-384 key with an RSA key': {
    facts: factsOfKeys(rsaJwk, p384Jwk),
    expected: {
      gcp: ['warning ALGORITHM_UNLISTED', 'warning KEY_UNUSABLE'],
      aws: ['warning ALGORITHM_UNLISTED'],
      azure: ['warning ALGORITHM_UNLISTED', 'warning KEY_UNUSABLE'],
      alibaba: ['warning ALGORITHM_UNLISTED'],
      quay: ['warning ALGORITHM_UNLISTED', 'warning KEY_UNUSABLE'],
      yandex: ['warning ALGORITHM_UNLISTED'],
      oidc: ['warning ALGORITHM_UNLISTED'],
    },
  },
  'a P-256 key alone': {
    facts: factsOfKeys(p256Jwk),
    expected: {
      gcp: ['warning ALGORITHM_UNLISTED'],
      aws: ['warning ALGORITHM_UNLISTED'],
      azure: ['warning ALGORITHM_UNLISTED', 'failed KEYS_UNUSABLE'],
      alibaba: ['warning ALGORITHM_UNLISTED'],
      quay: ['warning ALGORITHM_UNLISTED', 'failed KEYS_UNUSABLE'],
      yandex: ['warning ALGORITHM_UNLISTED'],
      oidc: ['warning ALGORITHM_UNLISTED'],
    },
  },
  'keys without kid': {
    facts: factsOfKeys({ ...rsaJwk, kid: undefined }),
    expected: everywhere('failed KEYS_UNUSABLE'),
  },
  'one kid for two keys': {
    facts: factsOfKeys(rsaJwk, rsaJwk),
    expected: everywhere('warning KEY_ID_DUPLICATE'),
  },
  'unused members': {
    facts: factsOfKeys({ ...rsaJwk, key_ops: ['verify'] }),
    expected: everywhere('warning KEY_MEMBER_UNEXPECTED'),
  },
  'a private key': {
    facts: factsOfKeys({ ...rsaJwk, d: 'c2VjcmV0', p: 'c2VjcmV0' }),
    expected: everywhere('failed PRIVATE_KEY_PUBLISHED'),
  },
  'a shared secret': {
    facts: factsOfKeys(rsaJwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'key-9' }),
    expected: everywhere('failed PRIVATE_KEY_PUBLISHED', 'warning KEY_UNUSABLE'),
  },
  '101 RSA keys': {
    facts: factsOfKeys(...Array.from({ length: 101 }, (_, at) => ({ ...rsaJwk, kid: `key-${at}` }))),
    expected: { aws: ['failed KEYS_TOO_MANY'], azure: ['failed KEYS_TOO_MANY'] },
  },
  '60 RSA and 60 EC keys': {
    facts: factsOfKeys(
      ...Array.from({ length: 120 }, (_, at) => ({ ...(at % 2 ? rsaJwk : p256Jwk), kid: `key-${at}`, alg: undefined })),
    ),
    expected: {
      gcp: ['warning ALGORITHM_UNLISTED'],
      aws: ['warning ALGORITHM_UNLISTED'],
      azure: ['warning ALGORITHM_UNLISTED', 'warning KEY_UNUSABLE', 'failed KEYS_TOO_MANY'],
      alibaba: ['warning ALGORITHM_UNLISTED'],
      quay: ['warning ALGORITHM_UNLISTED', 'warning KEY_UNUSABLE'],
      yandex: ['warning ALGORITHM_UNLISTED'],
      oidc: ['warning ALGORITHM_UNLISTED'],
    },
  },
  'a token for one audience': {
    facts: factsWith({ token: verified }),
    expected: { gcp: ['warning AUDIENCE_MISMATCH'], azure: ['warning AUDIENCE_MISMATCH'] },
  },
  'a token for Azure': {
    facts: factsWith({ token: { ...verified, token: { ...token, audiences: ['api://AzureADTokenExchange'] } } }),
    expected: { gcp: ['warning AUDIENCE_MISMATCH'] },
  },
  'a token for two audiences': {
    facts: factsWith({
      token: {
        ...verified,
        token: {
          ...token,
          audiences: ['sts', '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/c'],
        },
      },
    }),
    expected: { aws: ['warning AUDIENCE_NOT_SINGLE'], azure: ['failed AUDIENCE_NOT_SINGLE'] },
  },
}

suite('the rules of each cloud', () => {
  for (const [name, { facts, expected }] of Object.entries(cases)) {
    test(`${name} by its own rules`, () => assert.deepEqual(findingsOf(facts), expected))
  }
})

/** Problems of a token at AWS, which is the most tolerant of audiences. */
const findingsOfToken = (
  changes: object,
  signature: 'verified' | 'wrong' | 'unknown-key' | 'unsupported' = 'verified',
) => findingsOf(factsWith({ token: { token: { ...token, ...changes }, signature } })).aws ?? []

suite('a token is evaluated with the public documents', () => {
  test('by its issuer, key, signature, algorithm and life', () => {
    assert.deepEqual(findingsOfToken({ issuer: 'https://kubernetes.default.svc' }), ['failed TOKEN_ISSUER_MISMATCH'])
    assert.deepEqual(findingsOfToken({}, 'unknown-key'), ['failed KEY_UNPUBLISHED'])
    assert.deepEqual(findingsOfToken({}, 'wrong'), ['failed SIGNATURE_INVALID'])
    assert.deepEqual(findingsOfToken({ algorithm: 'HS256' }), ['failed ALGORITHM_UNSUPPORTED'])
    assert.deepEqual(findingsOfToken({}, 'unsupported'), ['failed ALGORITHM_UNSUPPORTED'])
    assert.deepEqual(findingsOfToken({ expiresAt: new Date('2025-11-24T11:30:00Z') }), ['warning TOKEN_EXPIRED'])
  })

  test('by the length of its subject at Google alone', () => {
    const subject = `system:serviceaccount:team:${'x'.repeat(101)}`
    const { gcp, aws } = findingsOf(factsWith({ token: { ...verified, token: { ...token, subject } } }))
    assert.deepEqual([gcp?.[0], aws], ['failed SUBJECT_TOO_LONG', undefined])
  })
})

suite('a finding', () => {
  test('reports a published private key and never shows it', () => {
    const [verdict] = evaluateIssuer(factsOfKeys({ ...rsaJwk, d: 'c2VjcmV0LWtleQ' }), verifiers)
    const [finding] = verdict?.findings ?? []
    assert.match(finding?.seen ?? '', /^ALARM: key "key-1" is published with its private key \(d, not shown\)/)
    assert.doesNotMatch(JSON.stringify(verdict), /c2VjcmV0/)
  })

  test('quotes what others wrote, without what would steer a terminal', () => {
    const [verdict] = evaluateIssuer(
      factsOfDiscovery({ issuer: `https://e.com/\u001b[2J${'x'.repeat(999)}` }),
      verifiers,
    )
    const [finding] = verdict?.findings ?? []
    assert.match(finding?.seen ?? '', /names issuer "https:\/\/e\.com\/ \[2Jx+…", but it is published at/)
  })
})
