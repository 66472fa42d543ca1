/** Facts of an issuer that every cloud can use, for tests that spoil one of them. */
import { generateKeyPairSync } from 'node:crypto'
import { buildDocuments, documentUrl } from '../../../src/oidc/issuer-documents.ts'
import { type IssuerKey, parseJwks } from '../../../src/oidc/keys.ts'
import type { PublicFacts } from '../../../src/oidc/public/public-facts.ts'
import type { DocumentResponse } from '../../../src/oidc/public/public-issuer.ts'

export const issuer = 'https://oidc.example.com/cluster-1'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' })

/** Public keys as a JWKS has them. */
export const rsaJwk: object = { ...rsa, use: 'sig', alg: 'RS256', kid: 'key-1' }
export const p256Jwk: object = { ...ec('P-256'), use: 'sig', alg: 'ES256', kid: 'key-2' }
export const p384Jwk: object = { ...ec('P-384'), use: 'sig', alg: 'ES384', kid: 'key-3' }

export function keysOf(...jwks: readonly object[]): readonly IssuerKey[] {
  return parseJwks(JSON.stringify({ keys: jwks })) ?? []
}

const standard = buildDocuments(issuer, keysOf(rsaJwk))

const responseOf = (name: 'discovery' | 'jwks', changes: Partial<DocumentResponse>): DocumentResponse => ({
  kind: 'response',
  url: documentUrl(issuer, name),
  status: 200,
  lastModifiedAt: undefined,
  ...standard[name],
  location: undefined,
  ...changes,
})

export interface FactsSettings extends Partial<Omit<PublicFacts, 'found' | 'keys'>> {
  readonly discovery?: Partial<DocumentResponse>
  readonly jwks?: Partial<DocumentResponse>
}

export function factsWith({ discovery = {}, jwks = {}, ...more }: FactsSettings = {}): PublicFacts {
  const found = { issuer, discovery: responseOf('discovery', discovery), jwks: responseOf('jwks', jwks) }
  return {
    issuer,
    managedService: undefined,
    found,
    keys: found.jwks.status === 200 ? parseJwks(found.jwks.text) : undefined,
    hosts: [{ host: 'oidc.example.com', addresses: ['8.8.8.8', '2606:4700::1111'], untrusted: undefined }],
    token: undefined,
    at: new Date('2025-11-24T11:30:00Z'),
    ...more,
  }
}

/** The facts with a JWKS of these keys. */
export const factsOfKeys = (...jwks: readonly object[]): PublicFacts =>
  factsWith({ jwks: { text: JSON.stringify({ keys: jwks }) } })

/** The facts with a discovery document in which these fields are other ones; undefined takes one away. */
export const factsOfDiscovery = (fields: object): PublicFacts =>
  factsWith({ discovery: { text: JSON.stringify({ ...JSON.parse(standard.discovery.text), ...fields }) } })
