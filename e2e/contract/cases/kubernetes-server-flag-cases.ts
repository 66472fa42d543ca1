/** An API server with other flags: another issuer, no watch lists, and a limit of one concurrent read request.
 *  https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type ApiRequest, requestApi } from '../kubernetes-client.ts'
import { type ContractCluster, eventually, pullSecret, type Replica } from '../kubernetes-cluster.ts'
import { openPullpassConnection } from '../kubernetes-pullpass-connection.ts'
import { nextEvent, openCollection } from './kubernetes-collection-cases.ts'

const issuer = 'http://plain.example'
const watchList = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

export function serverFlagCases(started: () => ContractCluster): void {
  let server: Replica | undefined
  before(async () => {
    const { target } = started()
    const plan = { issuer, acceptedIssuers: [target.issuer], watchList: 'off', readers: 1 } as const
    server = await target.startReplica(plan)
  })
  after(() => server?.close())
  const other = (): Replica => {
    if (!server) throw new Error('the server did not start')
    return server
  }
  const request = (apiRequest: Omit<ApiRequest, 'token'>, token = started().target.adminToken) =>
    requestApi(other(), { token, ...apiRequest })

  for (const path of ['/.well-known/openid-configuration', '/openid/v1/jwks']) {
    test(`an issuer that is not https returns 404 for ${path}`, async () => {
      const { status, text } = await request({ path, accept: '*/*' })

      assert.deepEqual([status, text], [404, '404 page not found\n'])
    })
  }

  test('a server issues tokens of its first issuer with all issuers as audience, and accepts tokens of all issuers', async () => {
    const first = started()
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const [own, old] = [
      await request({ method: 'POST', path, body: {} }),
      await first.request({ method: 'POST', path, body: {} }),
    ]
    const tokenOf = ({ object }: typeof own) => (typeof object.status === 'object' && object.status.token) || ''

    const { iss, aud } = decodeJwt(tokenOf(own))
    assert.deepEqual([iss, aud], [issuer, [issuer, first.target.issuer]])
    assert.equal((await request({ path: '/version' }, tokenOf(old))).status, 200)
    assert.equal((await first.request({ path: '/version', token: tokenOf(own) })).status, 401)
  })

  test('a server without watch lists returns 422, and a list with a watch replaces it', async () => {
    const refused = await request({ path: `/api/v1/namespaces?watch=1&${watchList}` })
    const { object: list } = await request({ path: '/api/v1/namespaces' })
    const version = `resourceVersion=${list.metadata?.resourceVersion}`
    const watched = await request({
      path: `/api/v1/namespaces?watch=1&${version}&allowWatchBookmarks=true&timeoutSeconds=1`,
    })

    assert.equal(refused.status, 422)
    assert.equal(
      refused.object.message,
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    )
    assert.deepEqual(
      refused.object.details?.causes?.map(({ field, reason }) => [field, reason]),
      [['sendInitialEvents', 'FieldValueForbidden']],
    )
    assert.ok(list.items?.some(({ metadata }) => metadata?.name === 'default'))
    assert.equal(watched.status, 200)
  })

  test('pullpass’s watch lists by pages from a server without watch lists', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { collection, requests } = openCollection(t, cluster, namespace, { server: other() })
    assert.deepEqual(await nextEvent(collection), { type: 'listed', items: [] })
    const changed = nextEvent(collection)
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    assert.deepEqual(await changed, { type: 'changed', item: 'regcred' })
    assert.equal(requests.length, 4) // review, watch list, list, watch
  })

  test('a server at its concurrency limit returns 429 with Retry-After, in plain text, but serves the admin', async () => {
    const token = await started().target.createUser([{ verbs: ['list'], resources: ['namespaces'] }])
    const list = () => request({ path: '/api/v1/namespaces' }, token)

    const free = await other().occupy(token)
    const [refused, served] = [await list(), await request({ path: '/api/v1/namespaces' })]
    await free()
    const later = await eventually(list, ({ status }) => status === 200)

    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1'])
    assert.equal(refused.headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(refused.text, 'Too many requests, please try again later.\n')
    assert.deepEqual([served.status, later.status], [200, 200])
  })

  test('pullpass waits for Retry-After, and its request succeeds', async () => {
    const token = await started().target.createUser([{ verbs: ['list'], resources: ['namespaces'] }])
    const free = await other().occupy(token)
    const line = openPullpassConnection(other(), token, { wait: free })

    const { status } = await line.cluster.request({ method: 'GET', path: '/api/v1/namespaces' })
    await line.cluster.close()

    assert.equal(status, 200)
    assert.equal(line.waits[0], 1000)
  })
}
