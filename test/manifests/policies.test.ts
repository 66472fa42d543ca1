import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AdmissionPolicy, renderPolicy } from '../../src/manifests/policies/admission-policy.ts'
import { secretsPolicy } from '../../src/manifests/policies/secrets.ts'
import { serviceAccountsPolicy } from '../../src/manifests/policies/service-accounts.ts'
import { tokensPolicy } from '../../src/manifests/policies/tokens.ts'
import { bindRegistries } from '../../src/manifests/projected-tokens.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { documentOf, pool, registryOf } from './document-of.ts'

const expressionOf = ({ rules }: AdmissionPolicy, message: RegExp) =>
  rules.find((rule) => message.test(rule.message))?.expression

const adoptedBy = ({ variables = [] }: AdmissionPolicy) => variables.find(({ name }) => name === 'adopted')?.expression

const labelled = "oldObject.?metadata.labels['app.kubernetes.io/managed-by'].orValue('') == 'pullpass'"
const puller = { namespace: 'image-system', name: 'puller' }

suite('the admission policies of documents', () => {
  test('a Secret that is not labelled is taken over by nobody', () => {
    assert.equal(
      expressionOf(secretsPolicy([documentOf()]), /take over/),
      `request.operation != 'UPDATE' || ${labelled} || variables.adopted`,
    )
    assert.equal(adoptedBy(secretsPolicy([documentOf()])), 'false')
  })

  test('a document that adopts takes over its own Secret, in its own namespaces, and another document does not', () => {
    const adopting = documentOf({ secretName: 'shopcred', namespaces: { include: ['shop'] }, conflictPolicy: 'Adopt' })
    assert.equal(
      adoptedBy(secretsPolicy([documentOf(), adopting])),
      "(request.name == 'shopcred' && request.namespace in ['shop'])",
    )
  })

  test('what others put into a Secret stays as it is; kubectl’s copy of one that is taken over is emptied', () => {
    assert.equal(
      expressionOf(secretsPolicy([documentOf()]), /no annotation/),
      [
        '[variables.oldAnnotations, variables.newAnnotations].all(entries,',
        '  entries.all(key, variables.oldAnnotations[?key] == variables.newAnnotations[?key]',
        "    || key.startsWith('pullpass.dev/')",
        "    || (variables.adopted && key == 'kubectl.kubernetes.io/last-applied-configuration' && variables.newAnnotations[?key].orValue('') == '')))",
      ].join('\n'),
    )
  })

  test('each Secret is written in the namespaces of its own document', () => {
    const other = documentOf({ secretName: 'othercred', namespaces: { include: ['team-b'] } })
    assert.equal(
      expressionOf(secretsPolicy([documentOf(), other]), /in the namespaces that they choose/),
      "(request.name == 'regcred' && request.namespace in ['team-a']) ||\n(request.name == 'othercred' && request.namespace in ['team-b'])",
    )
  })

  test('a token is asked for the exact audiences of the registries, and for no longer than they take', async () => {
    const direct = registryOf({ name: 'direct', settings: { workloadIdentityProvider: `${pool}/other` } })
    const document = documentOf({ serviceAccountRef: puller, registries: [registryOf(), direct] })
    const policy = tokensPolicy(await bindRegistries([document], vendors))
    const audiences = `['//iam.googleapis.com/${pool}/cluster', '//iam.googleapis.com/${pool}/other']`
    assert.equal(
      expressionOf(policy, /of the accounts/),
      `(request.namespace == 'image-system' && request.name == 'puller' && object.spec.audiences[0] in ${audiences})`,
    )
    assert.equal(expressionOf(policy, /live at most 3660 s/), 'object.spec.expirationSeconds <= 3660')
  })

  test('where no document asks for tokens or attaches, none is given and no account is changed', async () => {
    assert.equal(expressionOf(tokensPolicy(await bindRegistries([documentOf()], vendors)), /of the accounts/), 'false')
    assert.equal(expressionOf(serviceAccountsPolicy([documentOf()]), /of its documents, in/), 'false')
  })

  test('a policy that the API server would not read is refused before it is printed', () => {
    const include = Array.from({ length: 10_000 }, (_, index) => `customer-${index}`)
    assert.throws(
      () =>
        renderPolicy(secretsPolicy([documentOf({ namespaces: { include } })]), {
          namespace: 'pullpass-system',
          name: 'pullpass',
          component: 'refresh',
        }),
      {
        code: 'DOCUMENT_INVALID',
        seen: 'the documents list so many namespaces and names that an admission policy of them has 168942 characters',
      },
    )
  })
})
