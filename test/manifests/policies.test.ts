import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AdmissionPolicy, renderPolicy } from '../../src/manifests/policies/admission-policy.ts'
import { controllerEventsPolicy, issuerEventsPolicy } from '../../src/manifests/policies/events.ts'
import { evictionPolicies } from '../../src/manifests/policies/evictions.ts'
import { secretsPolicy } from '../../src/manifests/policies/secrets.ts'
import { serviceAccountsPolicy, tokensPolicy } from '../../src/manifests/policies/service-accounts.ts'
import { bindRegistries } from '../../src/manifests/projected-tokens.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { documentOf, limitsOf, pool, registryOf } from './document-of.ts'

const expressionOf = ({ rules }: AdmissionPolicy, message: RegExp) =>
  rules.find((rule) => message.test(rule.message))?.expression

const adoptedBy = ({ variables = [] }: AdmissionPolicy) => variables.find(({ name }) => name === 'adopted')?.expression

const labelled = "oldObject.?metadata.labels['app.kubernetes.io/managed-by'].orValue('') == 'pullpass'"
const puller = { namespace: 'image-system', name: 'puller' }

suite('the admission policies of documents', () => {
  test('an unlabelled Secret is not adopted', () => {
    assert.equal(
      expressionOf(secretsPolicy([documentOf()]), /may not adopt/),
      `request.operation != 'UPDATE' || ${labelled} || variables.adopted`,
    )
    assert.equal(adoptedBy(secretsPolicy([documentOf()])), 'false')
  })

  test('a document with conflictPolicy Adopt adopts its Secret in its namespaces, and another document does not', () => {
    const adopting = documentOf({ secretName: 'shopcred', namespaces: { include: ['shop'] }, conflictPolicy: 'Adopt' })
    assert.equal(
      adoptedBy(secretsPolicy([documentOf(), adopting])),
      "(request.name == 'shopcred' && request.namespace in ['shop'])",
    )
  })

  test('other content of a Secret does not change; kubectl’s annotation of an adopted Secret is emptied', () => {
    assert.equal(
      expressionOf(secretsPolicy([documentOf()]), /change annotations/),
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
      expressionOf(secretsPolicy([documentOf(), other]), /in the namespaces that they select/),
      "(request.name == 'regcred' && request.namespace in ['team-a']) ||\n(request.name == 'othercred' && request.namespace in ['team-b'])",
    )
  })

  test('a token is requested for exactly the audiences of the registries, with at most the lifetime that they need', async () => {
    const direct = registryOf({ name: 'direct', settings: { workloadIdentityProvider: `${pool}/other` } })
    const document = documentOf({ serviceAccountRef: puller, registries: [registryOf(), direct] })
    const policy = tokensPolicy(await bindRegistries([document], vendors))
    const audiences = `['//iam.googleapis.com/${pool}/cluster', '//iam.googleapis.com/${pool}/other']`
    assert.equal(
      expressionOf(policy, /of the accounts/),
      `(request.namespace == 'image-system' && request.name == 'puller' && object.spec.audiences[0] in ${audiences})`,
    )
    assert.equal(expressionOf(policy, /lifetime of at most 3660 s/), 'object.spec.expirationSeconds <= 3660')
  })

  test('if no document requests tokens or attaches, no token is granted and no account is changed', async () => {
    assert.equal(expressionOf(tokensPolicy(await bindRegistries([documentOf()], vendors)), /of the accounts/), 'false')
    assert.equal(expressionOf(serviceAccountsPolicy([documentOf()]), /of its documents, in/), 'false')
  })

  test('custom resources use the names of the allow-list, outside of kube-*, and own their Secrets', async () => {
    const limits = limitsOf({ secretNames: ['teamcred'], accounts: [puller], audiences: ['sts.amazonaws.com'] })
    const secrets = secretsPolicy([documentOf()], limits)
    assert.equal(
      expressionOf(secrets, /in the namespaces that they select/),
      "(request.operation == 'DELETE') ||\n((request.name == 'regcred' && request.namespace in ['team-a']) ||\n(request.name in ['teamcred'] && !request.namespace.startsWith('kube-')))",
    )
    assert.match(expressionOf(secrets, /other than one to a ClusterPullSecret/) ?? '', /size\(.*\) <= 1\)$/)
    assert.doesNotMatch(expressionOf(secretsPolicy([documentOf()]), /ownerReferences/) ?? '', /ClusterPullSecret/)
    assert.equal(
      expressionOf(tokensPolicy([], limits), /only tokens of --service-account for --audience/),
      "(request.namespace == 'image-system' && request.name == 'puller' && object.spec.audiences[0] in ['sts.amazonaws.com'])",
    )
    assert.equal(expressionOf(tokensPolicy([], limits), /lifetime/), 'object.spec.expirationSeconds <= 3660')
    assert.equal(adoptedBy(secrets), 'false')
  })

  test('only Secrets of custom resources are deleted, and those that one owns', () => {
    const limits = limitsOf({ secretNames: ['teamcred'] })
    assert.equal(expressionOf(secretsPolicy([documentOf()]), /not delete/), "request.operation != 'DELETE'")
    const secrets = secretsPolicy([documentOf()], limits)
    assert.equal(
      expressionOf(secrets, /delete only the Secrets of --secret-name/),
      "(request.operation != 'DELETE') ||\n(request.name in ['teamcred'] && !request.namespace.startsWith('kube-'))",
    )
    assert.match(expressionOf(secrets, /that a ClusterPullSecret owns/) ?? '', /\.exists\(owner, .*'ClusterPullSecret'/)
    const writes = secrets.rules.filter(({ message }) => !message.includes('may delete'))
    assert.ok(writes.every(({ expression }) => expression.startsWith("(request.operation == 'DELETE') ||")))
  })

  test('each document adds its own Secret to its own accounts, and removes none', () => {
    const other = documentOf({
      secretName: 'othercred',
      namespaces: { include: ['team-b'] },
      attachToServiceAccounts: ['builder'],
    })
    const policy = serviceAccountsPolicy([documentOf({ attachToServiceAccounts: ['default'] }), other])
    assert.equal(
      expressionOf(policy, /may add only the Secrets of its documents to/),
      "variables.after.all(name, name in variables.before ||\n(name in ['regcred'] && request.name in ['default'] && request.namespace in ['team-a']) ||\n(name in ['othercred'] && request.name in ['builder'] && request.namespace in ['team-b']))",
    )
    assert.equal(
      expressionOf(policy, /may not remove entries of imagePullSecrets$/),
      'variables.before.all(name, name in variables.after)',
    )
    assert.equal(
      expressionOf(policy, /only once$/),
      "size(variables.after) <= size(variables.before) + size(['regcred', 'othercred'].filter(name, name in variables.after && !(name in variables.before)))",
    )
  })

  test('custom resources add their Secrets to the accounts of the allow-list, and remove them, outside of kube-*', () => {
    const limits = limitsOf({ secretNames: ['teamcred'], attachedAccounts: ['default'] })
    const policy = serviceAccountsPolicy([documentOf({ attachToServiceAccounts: ['builder'] })], limits)
    const ofResources = "request.name in ['default'] && !request.namespace.startsWith('kube-')"
    assert.equal(
      expressionOf(policy, /only the ServiceAccounts of --attach-service-account/),
      `(request.name in ['builder'] && request.namespace in ['team-a']) ||\n(${ofResources})`,
    )
    assert.equal(
      expressionOf(policy, /may not remove entries/),
      `variables.before.all(name, name in variables.after || (name in ['teamcred'] && ${ofResources}))`,
    )
    assert.match(
      expressionOf(policy, /may add only the Secrets of --secret-name/) ?? '',
      /^variables\.after\.all\(name, name in variables\.before \|\|\n\(name in \['regcred'\] .*\) \|\|\n\(name in \['teamcred'\] .*\)\)$/,
    )
  })

  test('without an account of the allow-list, custom resources change none', () => {
    const policy = serviceAccountsPolicy([], limitsOf())
    assert.equal(expressionOf(policy, /of its documents, in/), 'false')
    assert.equal(expressionOf(policy, /may add only/), 'variables.after.all(name, name in variables.before ||\nfalse)')
  })

  test('pods are evicted in the namespaces of documents, or with custom resources outside of kube-*, and without options', () => {
    const evicting = documentOf({ stuckPods: 'Evict' })
    assert.deepEqual(evictionPolicies([documentOf()], limitsOf()), [])
    const [ofDocuments] = evictionPolicies([documentOf({ namespaces: {} }), evicting])
    assert.equal(ofDocuments?.rules[0]?.expression, "(request.namespace in ['team-a'])")
    const [both] = evictionPolicies([evicting], limitsOf({ stuckPods: 'Evict' }))
    assert.equal(
      both?.rules[0]?.expression,
      "(request.namespace in ['team-a']) ||\n(!request.namespace.startsWith('kube-'))",
    )
    assert.equal(
      both?.rules[1]?.expression,
      "variables.options.?preconditions.uid.orValue('') != '' && !has(variables.options.gracePeriodSeconds) && !has(variables.options.propagationPolicy) && !has(variables.options.orphanDependents)",
    )
  })

  test('Events are about pull secrets where they are written, and about pods where they are evicted', () => {
    const policy = controllerEventsPolicy(
      [documentOf({ stuckPods: 'Evict' })],
      { namespace: 'pullpass-system' },
      limitsOf({
        secretNames: ['teamcred'],
        stuckPods: 'Evict',
        tenants: { serviceAccounts: ['puller'], endpoints: [] },
      }),
      [],
    )
    assert.deepEqual(expressionOf(policy, /only Events about/)?.split(' ||\n'), [
      "(object.involvedObject.kind == 'Secret' && object.involvedObject.name in ['regcred'] && request.namespace in ['team-a'])",
      "(object.involvedObject.kind == 'Secret' && object.involvedObject.name in ['teamcred'] && !request.namespace.startsWith('kube-'))",
      "(object.involvedObject.kind == 'Lease' && object.involvedObject.name in ['pullpass-controller'] && request.namespace == 'pullpass-system')",
      "(object.involvedObject.kind == 'Pod' && request.namespace in ['team-a'])",
      "(object.involvedObject.kind == 'Pod' && !request.namespace.startsWith('kube-'))",
      "(object.involvedObject.?apiVersion.orValue('').startsWith('pullpass.dev/') && object.involvedObject.kind == 'PullSecret' && !request.namespace.startsWith('kube-'))",
    ])
  })

  test('Events of issuer watch are about its key state', () => {
    const account = { namespace: 'pullpass-system', name: 'pullpass-issuer', component: 'issuer' }
    assert.equal(
      expressionOf(issuerEventsPolicy(account), /only Events about/),
      "(object.involvedObject.kind == 'ConfigMap' && object.involvedObject.name in ['pullpass-issuer'] && request.namespace == 'pullpass-system')",
    )
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
        seen: 'the documents list so many namespaces and names that their admission policy has 168942 characters',
      },
    )
  })
})
