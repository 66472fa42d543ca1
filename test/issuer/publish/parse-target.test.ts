import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { readTarget } from '../../../src/vendors/target.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import fc from '../../support/fast-check.ts'

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'

/** Without the store itself. */
async function parse(text: string) {
  const target = await readTarget(text, {}, vendors)
  return target.kind === 'folder' ? target : { vendor: target.vendor, name: target.name }
}

suite('a target, as --to names it', () => {
  const good: readonly [text: string, parsed: object][] = [
    ['gs://example-issuer', { vendor: 'gcp', name: { bucket: 'example-issuer', path: '' } }],
    ['gs://example-issuer/', { vendor: 'gcp', name: { bucket: 'example-issuer', path: '' } }],
    ['gs://oidc.example.com/a/b_c', { vendor: 'gcp', name: { bucket: 'oidc.example.com', path: 'a/b_c' } }],
    ['s3://example-issuer/cluster-1', { vendor: 'aws', name: { bucket: 'example-issuer', path: 'cluster-1' } }],
    ['azblob://example/oidc/one', { vendor: 'azure', name: { account: 'example', container: 'oidc', path: 'one' } }],
    [`gcp-provider:${provider}`, { vendor: 'gcp', name: { provider } }],
    [`gcp-provider://iam.googleapis.com/${provider}`, { vendor: 'gcp', name: { provider } }],
    ['./public', { kind: 'folder', folder: './public' }],
    ['C:\\public', { kind: 'folder', folder: 'C:\\public' }],
  ]
  for (const [text, parsed] of good) {
    test(`${text} is taken`, async () => assert.deepEqual(await parse(text), parsed))
  }

  const bad: readonly [text: string, expected: RegExp][] = [
    ['', /^gs:\/\/BUCKET/],
    ['gcs://example-issuer', /^gs:\/\/BUCKET/],
    ['https://storage.googleapis.com/example-issuer', /^gs:\/\/BUCKET/],
    ['file:///srv/www', /^gs:\/\/BUCKET/],
    ['./pub\nlic', /^gs:\/\/BUCKET/],
    ['gs://', /^the name of a bucket/],
    ['gs://Example', /^the name of a bucket/],
    ['gs://example-issuer//', /^a path of/],
    ['gs://example-issuer/a/', /^a path of/],
    ['gs://example-issuer/../other', /^a path of/],
    ['gs://example-issuer/a/.', /^a path of/],
    ['gs://example-issuer/a b', /^a path of/],
    ['gs://example-issuer/a%2fb', /^a path of/],
    ['gs://example-issuer/a?b', /^a path of/],
    [`gs://example-issuer/${'a'.repeat(513)}`, /^a path of/],
    ['s3://oidc.example.com', /does not match the certificate of \*\.s3\.REGION\.amazonaws\.com$/],
    ['azblob://example', /^the name of a container/],
    ['azblob://Ex/oidc', /^the name of a storage account/],
    ['azblob://example/a--b', /^the name of a container/],
    ['azblob://example/$web', /^the name of a container/],
    ['gcp-provider:pool', /^projects\/NUMBER\//],
    [`gcp-provider:${provider.replace('123456789012', 'example-project')}`, /the project's number, not its id/],
  ]
  for (const [text, expected] of bad) {
    test(`${JSON.stringify(text.slice(0, 60))} is refused`, async () => {
      await assert.rejects(parse(text), { code: 'USAGE_INVALID', expected })
    })
  }

  const meant: readonly [text: string, target: string][] = [
    ['gs:/example-issuer', 'gs://example-issuer'],
    ['gcs://example-issuer/a', 'gs://example-issuer/a'],
    ['https://storage.googleapis.com/example-issuer/a/', 'gs://example-issuer/a'],
    ['s3:example-issuer', 's3://example-issuer'],
    ['https://example-issuer.s3.eu-central-1.amazonaws.com', 's3://example-issuer'],
    ['https://example-issuer.s3.eu-central-1.amazonaws.com/a', 's3://example-issuer/a'],
    ['az://example/oidc', 'azblob://example/oidc'],
    ['https://example.blob.core.windows.net/oidc/a', 'azblob://example/oidc/a'],
    ['file:///srv/www', '/srv/www'],
    [provider, `gcp-provider:${provider}`],
    [`//iam.googleapis.com/${provider}`, `gcp-provider://iam.googleapis.com/${provider}`],
  ]
  for (const [text, target] of meant) {
    test(`${text} is refused, and ${target} named as what may be meant`, async () => {
      await assert.rejects(parse(text), { code: 'USAGE_INVALID', hint: `did you mean --to ${target}?` })
    })
  }

  test('what cannot be meant is not offered', async () => {
    const hint = 'for a folder with ":" in its name, prefix ./'
    for (const text of ['gcs://Example', 'https://oidc.example.com/cluster-1', 'ftp://x', ''])
      await assert.rejects(parse(text), { hint }, text)
  })

  test('whatever it is, it is taken or refused in words, soon', async () => {
    const starts = fc.constantFrom('', 'gs://', 's3://', 'azblob://', 'gcp-provider:', 'gs://bucket/')
    await fc.assert(
      fc.asyncProperty(starts, fc.string({ maxLength: 3000 }), async (start, rest) => {
        try {
          const target = await parse(start + rest)
          const { name } = { name: undefined, ...target }
          if (typeof name === 'object' && name !== null && 'path' in name)
            assert.match(String(name.path), /^[A-Za-z0-9._~/-]*$/)
        } catch (fault) {
          assert.ok(fault instanceof PullpassError && fault.code === 'USAGE_INVALID')
        }
      }),
    )
  })

  test('a token that was pasted in its place is not shown', async () => {
    const text = `gs://ya29.${'aB3'.repeat(40)}`
    await assert.rejects(parse(text), (fault: Error) => !fault.message.includes('aB3aB3'))
  })
})
