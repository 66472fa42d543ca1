/** SelfSubjectAccessReview and SubjectAccessReview: their results match the authorization of requests.
 *  https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContractCluster, Rule } from '../kubernetes-cluster.ts'

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const pathOfSelf = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const pathOfOthers = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const rules: readonly Rule[] = [
  { verbs: ['list', 'patch'], resources: ['secrets'], resourceNames: ['regcred'] },
  { verbs: ['create'], resources: ['serviceaccounts/token'], resourceNames: ['puller'] },
  { verbs: ['list'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: ['get'], resources: ['pods'], namespace: 'default' },
  { verbs: ['get'], nonResourceURLs: ['/openid/*'] },
]

export function reviewCases(started: () => ContractCluster): void {
  const review = (spec: object, token?: string) =>
    started().request({ method: 'POST', path, body: { spec }, ...(token !== undefined && { token }) })

  test('a review considers name, subresource, group and namespace', async () => {
    const token = await started().target.createUser(rules)
    const results: string[] = []
    for (const attributes of [
      { verb: 'list', resource: 'secrets', name: 'regcred' },
      { verb: 'list', resource: 'secrets', name: 'regcred', namespace: 'default' },
      { verb: 'list', resource: 'secrets' },
      { verb: 'list', resource: 'secrets', name: 'other' },
      { verb: 'list', resource: 'secrets', name: 'regcred', group: 'apps' },
      { verb: 'watch', resource: 'secrets', name: 'regcred' },
      { verb: 'create', resource: 'serviceaccounts', subresource: 'token', name: 'puller', namespace: 'default' },
      { verb: 'create', resource: 'serviceaccounts', name: 'puller', namespace: 'default' },
      { verb: 'list', resource: 'endpointslices', group: 'discovery.k8s.io' },
      { verb: 'list', resource: 'endpointslices' },
      { verb: 'get', resource: 'pods', namespace: 'default', name: 'any' },
      { verb: 'get', resource: 'pods', namespace: 'kube-system', name: 'any' },
      { verb: 'get', resource: 'pods', name: 'any' },
    ]) {
      const { object } = await review({ resourceAttributes: attributes }, token)
      if (isAllowed(object.status)) results.push(Object.values(attributes).join(' '))
    }

    assert.deepEqual(results, [
      'list secrets regcred',
      'list secrets regcred default',
      'create serviceaccounts token puller default',
      'list endpointslices discovery.k8s.io',
      'get pods default any',
    ])
  })

  test('a review of a non-resource path matches the rules', async () => {
    const token = await started().target.createUser(rules)
    const allowed: boolean[] = []
    for (const request of ['/openid/v1/jwks', '/healthz', '/metrics']) {
      const { object } = await review({ nonResourceAttributes: { verb: 'get', path: request } }, token)
      allowed.push(isAllowed(object.status))
    }

    assert.deepEqual(allowed, [true, true, false])
  })

  test('a user with all permissions is allowed', async () => {
    const { status, object, text } = await review({ resourceAttributes: { verb: 'list', resource: 'secrets' } })

    assert.deepEqual(
      [status, object.kind, object.apiVersion],
      [201, 'SelfSubjectAccessReview', 'authorization.k8s.io/v1'],
    )
    assert.deepEqual(JSON.parse(text).spec, { resourceAttributes: { verb: 'list', resource: 'secrets' } })
    assert.equal(isAllowed(object.status), true)
  })

  test('a review needs exactly one kind of attributes', async () => {
    const { status, object } = await review({})

    assert.equal(status, 422)
    // Kubernetes 1.37 names the field "spec" only.
    assert.match(
      object.message ?? '',
      /^\.authorization\.k8s\.io "" is invalid: spec(?:\.resourceAttributes)?: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified$/,
    )
  })

  const reviewOther = (spec: object, token?: string) =>
    started().request({ method: 'POST', path: pathOfOthers, body: { spec }, ...(token !== undefined && { token }) })

  test('a review of another user considers the rules of that user', async () => {
    const user = await nameOf(started(), await started().target.createUser(rules))
    const results: boolean[] = []
    for (const attributes of [
      { verb: 'list', resource: 'secrets', name: 'regcred', namespace: 'default' },
      { verb: 'list', resource: 'secrets', name: 'other', namespace: 'default' },
      { verb: 'create', resource: 'serviceaccounts', subresource: 'token', name: 'puller', namespace: 'default' },
    ]) {
      const { status, object } = await reviewOther({ user, resourceAttributes: attributes })
      assert.deepEqual([status, object.kind], [201, 'SubjectAccessReview'])
      results.push(isAllowed(object.status))
    }

    assert.deepEqual(results, [true, false, true])
  })

  test('permission for a self review does not include reviews of other users', async () => {
    const token = await started().target.createUser(rules)
    const user = await nameOf(started(), token)

    const { status, object } = await reviewOther(
      { user: 'other', resourceAttributes: { verb: 'list', resource: 'secrets' } },
      token,
    )

    assert.equal(status, 403)
    assert.equal(
      object.message,
      `subjectaccessreviews.authorization.k8s.io is forbidden: User "${user}" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope`,
    )
  })

  test('a review of another user needs a user or a group', async () => {
    const { status, object } = await reviewOther({ resourceAttributes: { verb: 'list', resource: 'secrets' } })

    assert.equal(status, 422)
    assert.equal(
      object.message,
      '.authorization.k8s.io "" is invalid: spec.user: Invalid value: "": at least one of user or group must be specified',
    )
  })

  test('a review of the client itself has its user name, and needs no permission', async () => {
    const token = await started().target.createUser([])
    const user = await nameOf(started(), token)
    const reviewAs = async (credential: string) =>
      await started().request({ method: 'POST', path: pathOfSelf, body: {}, token: credential })

    const [{ status, object }, anonymous, listed] = [
      await reviewAs(token),
      await reviewAs(''),
      await started().request({ path: pathOfSelf }),
    ]

    assert.deepEqual([status, object.kind, object.apiVersion], [201, 'SelfSubjectReview', 'authentication.k8s.io/v1'])
    assert.equal(JSON.parse(JSON.stringify(object.status)).userInfo.username, user)
    assert.deepEqual([anonymous.status, listed.status], [403, 405])
  })

  test('an anonymous client may not create a review', async () => {
    const { status, object } = await review({ resourceAttributes: { verb: 'list', resource: 'secrets' } }, '')

    assert.equal(status, 403)
    assert.equal(
      object.message,
      'selfsubjectaccessreviews.authorization.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope',
    )
  })

  test('reviews can only be created, not listed or read', async () => {
    const cluster = started()

    const [listed, read] = [await cluster.request({ path }), await cluster.request({ path: `${path}/any` })]

    assert.deepEqual([listed.status, read.status], [405, 404])
  })
}

/** The user name, from the message of a refused request. */
async function nameOf(cluster: ContractCluster, token: string): Promise<string> {
  const { object } = await cluster.request({ path: '/api/v1/nodes', token })
  return /User "([^"]+)"/.exec(String(object.message))?.[1] ?? ''
}

const isAllowed = (status: unknown): boolean =>
  typeof status === 'object' && status !== null && 'allowed' in status && status.allowed === true
