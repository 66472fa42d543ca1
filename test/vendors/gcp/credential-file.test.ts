import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { DocumentRegistry } from '../../../src/document/document.ts'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import type { GcpSettings } from '../../../src/vendors/gcp/settings.ts'
import { context, refusal } from '../../document/load-text.ts'
import { provider, smallest } from '../../document/smallest-document.ts'

/** As gcloud writes it, for a token file and a service account. */
const gcloudFile = {
  universe_domain: 'googleapis.com',
  type: 'external_account',
  audience: `//iam.googleapis.com/${provider}`,
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
  service_account_impersonation_url:
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/puller@project.iam.gserviceaccount.com:generateAccessToken',
  service_account_impersonation: { token_lifetime_seconds: 1800 },
  credential_source: { file: '/var/run/secrets/tokens/oidc-token', format: { type: 'text' } },
}

const { service_account_impersonation_url: _, service_account_impersonation: __, ...direct } = gcloudFile

/** All its hosts are of a universe of its own. */
const elsewhere = { ...direct, universe_domain: 'example.goog', token_url: 'https://sts.example.goog/v1/token' }
const inUniverse = (universe: string) => (document: string) =>
  document.replace('gcp: {', `gcp: {universeDomain: ${universe}, `)

async function writeFiles(t: TestContext, credential: unknown, change = (document: string) => document) {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-credential-'))
  t.after(() => rm(folder, { recursive: true }))
  const document = join(folder, 'gcp.yaml')
  await writeFile(document, change(smallest.replace(/\{workload[^}]*\}/, '{credentialFile: credential.json}')))
  await writeFile(join(folder, 'credential.json'), JSON.stringify(credential, null, 2))
  return { folder, document }
}

type GcpRegistry = DocumentRegistry & { readonly settings: GcpSettings }

async function load(...files: Parameters<typeof writeFiles>): Promise<GcpRegistry | undefined> {
  const { document } = await writeFiles(...files)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is gcp
  return (await loadDocuments([document], context()))[0]?.registries[0] as GcpRegistry | undefined
}

suite("gcloud's credential file", () => {
  test('states provider, account, lifetime and token file', async (t) => {
    assert.deepEqual(await load(t, gcloudFile), {
      name: 'google',
      hosts: ['europe-docker.pkg.dev'],
      tokenFile: '/var/run/secrets/tokens/oidc-token',
      vendor: 'gcp',
      settings: {
        workloadIdentityProvider: provider,
        universeDomain: 'googleapis.com',
        serviceAccountEmail: 'puller@project.iam.gserviceaccount.com',
        lifetimeSeconds: 1800,
      },
    })
  })

  test('without an account it means direct federation', async (t) => {
    const registry = await load(t, direct)
    assert.equal(registry?.settings.serviceAccountEmail, undefined)
  })

  test('names the field of a JSON token file', async (t) => {
    const format = { type: 'json', subject_token_field_name: 'id_token' }
    const registry = await load(t, { ...direct, credential_source: { file: 'token.json', format } })
    assert.equal(registry?.tokenFile, 'token.json')
    assert.equal(registry?.tokenFileField, 'id_token')
  })

  test('may name regional services', async (t) => {
    const registry = await load(t, {
      ...gcloudFile,
      token_url: 'https://sts.europe-west1.rep.googleapis.com/v1/token',
      service_account_impersonation_url: gcloudFile.service_account_impersonation_url.replace(
        'iamcredentials',
        'iamcredentials.europe-west1.rep',
      ),
    })
    assert.equal(registry?.settings.stsRegion, 'europe-west1')
    assert.deepEqual(registry?.settings.endpoints, {
      iamCredentials: 'https://iamcredentials.europe-west1.rep.googleapis.com',
    })
  })

  test('may be of another universe, where the document names the same', async (t) => {
    const registry = await load(t, elsewhere, inUniverse('example.goog'))
    assert.equal(registry?.settings.universeDomain, 'example.goog')
  })

  test('of another universe than the document’s is refused, whichever of them is Google’s own', async (t) => {
    const cases: [credential: object, universe: string, seen: RegExp, expected: string][] = [
      [
        elsewhere,
        'example.com',
        /universe_domain is "example\.goog"$/,
        '"example.com", as the document\'s universeDomain',
      ],
      [
        direct,
        'example.goog',
        /universe_domain is "googleapis\.com"$/,
        '"example.goog", as the document\'s universeDomain',
      ],
      [
        { ...direct, universe_domain: 'example.goog' },
        'example.goog',
        /token_url is "https:\/\/sts\.googleapis\.com\/v1\/token"$/,
        "https://sts.example.goog/v1/token or a region's https://sts.REGION.rep.googleapis.com/v1/token",
      ],
    ]
    for (const [credential, universe, seen, expected] of cases) {
      const { document } = await writeFiles(t, credential, inUniverse(universe))
      const error = await refusal([document])
      assert.equal(error.code, 'CREDENTIAL_FILE_INVALID')
      assert.match(error.seen, seen)
      assert.equal(error.expected, expected)
    }
  })

  test("leaves the token to the document's own tokenFile and serviceAccountRef", async (t) => {
    const named = await load(t, direct, (text) => text.replace('      gcp:', '      tokenFile: /own\n      gcp:'))
    assert.equal(named?.tokenFile, '/own')
    const requested = await load(t, direct, (text) => `${text}  serviceAccountRef: {namespace: a, name: b}\n`)
    assert.equal(requested?.tokenFile, undefined)
  })

  test("scopes, life and endpoints of the document are added, or win over the file's", async (t) => {
    const more = '{scopes: [https://example.com/scope], lifetime: 1h, endpoints: {sts: "http://127.0.0.1:1"}, '
    const registry = await load(t, gcloudFile, (text) => text.replace('gcp: {', `gcp: ${more}`))
    assert.deepEqual(registry?.settings.scopes, ['https://example.com/scope'])
    assert.equal(registry?.settings.lifetimeSeconds, 3600)
    assert.deepEqual(registry?.settings.endpoints, { sts: 'http://127.0.0.1:1' })
  })

  test('refuses fields of the document that it states itself', async (t) => {
    const { document } = await writeFiles(t, direct, (text) => text.replace('gcp: {', 'gcp: {stsRegion: a-1, '))
    const error = await refusal([document])
    assert.equal(error.code, 'DOCUMENT_INVALID')
    assert.equal(error.seen, `${document}:9:13: spec.registries[0].gcp.stsRegion is set in addition to credentialFile`)
  })

  test('that names no account leaves nothing for a life to apply to', async (t) => {
    const { folder, document } = await writeFiles(t, direct, (text) => text.replace('gcp: {', 'gcp: {lifetime: 1h, '))
    const error = await refusal([document])
    assert.equal(error.code, 'CREDENTIAL_FILE_INVALID')
    assert.equal(
      error.seen,
      `${join(folder, 'credential.json')} has no service account, and the document sets lifetime`,
    )
  })

  test('is not for a tenant, who names neither files nor who receives the token', async () => {
    const tenant = smallest
      .replace('kind: ClusterPullSecret', 'kind: PullSecret')
      .replace('{name: regcred}', '{name: regcred, namespace: team-a}')
      .replace(/namespaces: .*/, 'serviceAccountName: puller')
    for (const field of ['credentialFile: x.json', 'universeDomain: example.com', 'endpoints: {sts: "https://a.b"}']) {
      const error = await refusal(['-'], tenant.replace('gcp: {', `gcp: {${field}, `))
      assert.equal(error.code, 'DOCUMENT_INVALID')
      assert.equal(error.seen, `-:9:13: spec.registries[0].gcp.${field.split(':')[0]} is not a known field`)
    }
    const withFile = await refusal(['-'], tenant.replace('      gcp:', '      tokenFile: /a\n      gcp:'))
    assert.equal(withFile.seen, '-:9:7: spec.registries[0].tokenFile is not a known field')
  })
})

suite('a credential file is refused for', () => {
  const source = 'file: pullpass does not run programs or call URLs from a credential file'
  const cases: Record<string, [credential: unknown, seen: string, expected: RegExp | string]> = {
    'a service account key': [
      { type: 'service_account', private_key: '-----BEGIN PRIVATE KEY-----' },
      '2:11: type is "service_account"',
      /^external_account: a service account key is the long-lived password that pullpass replaces$/,
    ],
    'a token service that is not of Google': [
      { ...direct, token_url: 'https://sts.googleapis.com.example.com/v1/token' },
      '6:16: token_url is "https://sts.googleapis.com.example.com/v1/token"',
      "https://sts.googleapis.com/v1/token or a region's https://sts.REGION.rep.googleapis.com/v1/token",
    ],
    'a token service hidden behind user information': [
      { ...direct, token_url: 'https://sts.googleapis.com@example.com/v1/token' },
      '6:16: token_url is "https://sts.googleapis.com@example.com/v1/token"',
      /^https:\/\/sts\.googleapis\.com/,
    ],
    'a universe that the document does not name': [
      elsewhere,
      '2:22: universe_domain is "example.goog"',
      'googleapis.com, or this universe as universeDomain in the document',
    ],
    'an impersonation that is not of Google': [
      { ...gcloudFile, service_account_impersonation_url: 'https://example.com/v1/a@b.iam.gserviceaccount.com' },
      '7:40: service_account_impersonation_url is "https://example.com/v1/a@b.iam.gserviceaccount.com"',
      'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken',
    ],
    'a program as its source': [
      { ...direct, credential_source: { executable: { command: '/bin/true' } } },
      '7:3: credential_source is of kind executable',
      source,
    ],
    'an address as its source': [
      { ...direct, credential_source: { url: 'http://169.254.169.254/token' } },
      '7:3: credential_source is of kind url',
      source,
    ],
    'an AWS source': [
      { ...direct, credential_source: { environment_id: 'aws1' } },
      '7:3: credential_source is of kind environment_id',
      source,
    ],
    'no source': [{ ...direct, credential_source: {} }, '7:3: credential_source names no file', source],
    'a JSON source without its field': [
      { ...direct, credential_source: { file: 'a', format: { type: 'json' } } },
      '9:5: credential_source.format has no subject_token_field_name',
      'the field of the token in the JSON file',
    ],
    'a workforce pool': [
      { ...direct, audience: '//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider' },
      '4:15: audience is "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider"',
      'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
    ],
    'another kind of subject token': [
      { ...direct, subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      '5:25: subject_token_type is "urn:ietf:params:oauth:token-type:saml2"',
      /^one of: urn:ietf:params:oauth:token-type:jwt, /,
    ],
    'no object': ['text', '1:1: the document is "text"', 'an object'],
  }
  for (const [title, [credential, seen, expected]] of Object.entries(cases)) {
    test(title, async (t) => {
      const { folder, document } = await writeFiles(t, credential)
      const error = await refusal([document])
      assert.equal(error.code, 'CREDENTIAL_FILE_INVALID')
      assert.equal(error.seen, `${join(folder, 'credential.json')}:${seen}`)
      if (typeof expected === 'string') assert.equal(error.expected, expected)
      else assert.match(error.expected ?? '', expected)
      assert.ok(!error.message.includes('PRIVATE KEY'))
    })
  }

  test('a credential in place of its path, which is not shown', async (t) => {
    const { document } = await writeFiles(t, direct, (text) =>
      text.replace('credential.json', 'glpat-abcdefghijklmnopqrst'),
    )
    const error = await refusal([document])
    assert.equal(error.code, 'DOCUMENT_UNREADABLE')
    assert.equal(error.seen, 'a path that looks like a credential, not shown, does not exist')
  })

  test('being absent, or a folder', async (t) => {
    const { folder, document } = await writeFiles(t, direct, (text) => text.replace('credential.json', 'other.json'))
    assert.equal((await refusal([document])).seen, `${join(folder, 'other.json')} does not exist`)
    await writeFile(document, smallest.replace(/\{workload[^}]*\}/, '{credentialFile: .}'))
    assert.equal((await refusal([document])).seen, `${folder} is a folder`)
  })
})
