import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Document } from '../../src/document/document.ts'
import { bindRegistries, projectedTokensOf } from '../../src/manifests/projected-tokens.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { documentOf, pool, registryOf } from './document-of.ts'

const plan = async (...documents: readonly Document[]) => projectedTokensOf(await bindRegistries(documents, vendors))
const usual = {
  folder: '/var/run/secrets/tokens',
  file: 'oidc-token',
  audience: `//iam.googleapis.com/${pool}/cluster`,
  expirationSeconds: 600,
}

suite('the token files of a pod', () => {
  test('one has the path of the usual script, the provider’s audience, and the lifetime of an exchange', async () => {
    assert.deepEqual(await plan(documentOf()), [usual])
  })

  test('without impersonation it is valid longer than the credential’s hour', async () => {
    const direct = registryOf({ settings: { workloadIdentityProvider: `${pool}/cluster` } })
    assert.deepEqual(await plan(documentOf({ registries: [direct] })), [{ ...usual, expirationSeconds: 3660 }])
  })

  test('each registry with a tokenFile has its own', async () => {
    const registries = [
      registryOf({ tokenFile: '/var/run/secrets/tokens/first' }),
      registryOf({ name: 'second', tokenFile: '/var/run/secrets/others/second' }, 'other'),
    ]
    assert.deepEqual(await plan(documentOf({ registries })), [
      { ...usual, file: 'first' },
      {
        folder: '/var/run/secrets/others',
        file: 'second',
        audience: `//iam.googleapis.com/${pool}/other`,
        expirationSeconds: 600,
      },
    ])
  })

  test('a file that two registries read has an audience that both vendors accept', async () => {
    const audience = `https://iam.googleapis.com/${pool}/cluster`
    const registries = [registryOf({ audience }), registryOf({ name: 'second' })]
    assert.deepEqual(await plan(documentOf({ registries })), [{ ...usual, audience }])
  })

  test('there is none if the token is requested', async () => {
    assert.deepEqual(await plan(documentOf({ serviceAccountRef: { namespace: 'image-system', name: 'puller' } })), [])
  })

  const refused: Record<string, [Document, string]> = {
    'one file for two audiences': [
      documentOf({ registries: [registryOf(), registryOf({ name: 'second' }, 'other')] }),
      `registry google of images.yaml:1 (audience //iam.googleapis.com/${pool}/cluster) and registry second of images.yaml:1 (audience //iam.googleapis.com/${pool}/other) read the same token file /var/run/secrets/tokens/oidc-token`,
    ],
    'a relative path': [
      documentOf({ registries: [registryOf({ tokenFile: 'tokens/google' })] }),
      'the path of token file "tokens/google" is relative',
    ],
    "a file among the API server's": [
      documentOf({ registries: [registryOf({ tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' })] }),
      'a token file is in /var/run/secrets/kubernetes.io/serviceaccount, and /var/run/secrets/kubernetes.io/serviceaccount is mounted too',
    ],
    'a folder that contains another mount': [
      documentOf({ registries: [registryOf({ tokenFile: '/etc/token' })] }),
      'a token file is in /etc, and /etc/pullpass is mounted too',
    ],
    'a file at the root': [
      documentOf({ registries: [registryOf({ tokenFile: '/token' })] }),
      'a token file is in /, and /var/run/secrets/kubernetes.io/serviceaccount is mounted too',
    ],
    'a field of a JSON file': [
      documentOf({ registries: [registryOf({ tokenFile: '/var/run/secrets/tokens/json', tokenFileField: 'token' })] }),
      'registry google of images.yaml:1 reads a field of the JSON file /var/run/secrets/tokens/json',
    ],
  }
  for (const [title, [document, seen]] of Object.entries(refused)) {
    test(`${title} is refused, because kubelets cannot write it`, async () => {
      await assert.rejects(plan(document), { code: 'DOCUMENT_INVALID', seen })
    })
  }
})
