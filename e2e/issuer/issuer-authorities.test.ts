/**
 * A tenant with all permissions on ConfigMaps in pullpass's namespace and on EndpointSlices in `default` adds a CA and an API
 * server, on a real control plane without the policy deploy/root-ca: its keys are not published, and the watch reports an alarm.
 */
import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import { suite, type TestContext, test } from 'node:test'
import { type CertificateAuthority, createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { parseJwks, thumbprintOf } from '../../src/oidc/keys.ts'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { grantPermissions, type UserRule } from '../parts/control-plane/users.ts'
import { startNetworkNamespace } from '../parts/process/start-network-namespace.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { kidOf } from '../rotation/kid-of.ts'
import { type ReplicasSetup, startReplicasSetup } from '../rotation/start-replicas-setup.ts'

const [own, further, foreign] = ['10.78.0.1', '10.78.0.2', '10.78.0.3'] as const
const port = 6443
const tenant = 'tenant'
const all = ['get', 'list', 'create', 'update', 'patch', 'delete']
const permissions: readonly UserRule[] = [
  { verbs: all, resources: ['configmaps'], namespace: 'pullpass-system' },
  { verbs: all, apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], namespace: 'default' },
]
const rootCa = '/api/v1/namespaces/pullpass-system/configmaps/kube-root-ca.crt'
const [first, next, forged] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]

const withNetwork = async () =>
  await withRealPart(
    'a network namespace',
    () => startNetworkNamespace([own, further, foreign]),
    (network) => {
      test('a tenant’s CA and API server', async () => {
        const { exitCode, stdout, stderr } = await network.runTestFile(import.meta.filename)
        console.error(stdout, stderr)
        assert.equal(exitCode, 0)
      })
    },
  )

const jwkOf = (key: KeyObject) => ({ ...createPublicKey(key).export({ format: 'jwk' }), kid: kidOf(key), alg: 'RS256' })

/** Serves the cluster's key and a forged key to every client, like an API server. */
async function serveForged(t: TestContext, authority: CertificateAuthority) {
  const { certificate, key } = await authority.issueServerCertificate(['kubernetes.default.svc'])
  const seen: string[] = []
  const server = createServer({ cert: certificate, key }, (request, response) => {
    seen.push(`${request.url} ${request.headers.authorization === undefined ? 'without' : 'with'} a credential`)
    const jwks = { keys: [jwkOf(first), jwkOf(forged)] }
    const discovery = {
      issuer: 'https://oidc.example.com/cluster-1',
      jwks_uri: `https://${foreign}:${port}/openid/v1/jwks`,
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(request.url === '/openid/v1/jwks' ? jwks : discovery))
  })
  await new Promise<void>((resolve) => server.listen(port, foreign, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return seen
}

async function withControlPlane() {
  const listen = { address: own, port }
  const keys = { signing: first, verifying: [first] }
  const start = () => startReplicasSetup({ listen, keys, users: [tenant] })
  const waitForRounds = async (setup: ReplicasSetup, rounds: number) => {
    const before = (await setup.metric('rounds_total')) ?? 0
    const isLater = async () => ((await setup.metric('rounds_total')) ?? 0) >= before + rounds || undefined
    await waitUntil(`${rounds} rounds`, 90_000, isLater)
  }
  /** `text`: selects one of several alarms with this reason. The two CAs of the setup's own bundle are such an alarm. */
  const alarm = async (setup: ReplicasSetup, reason: string, text = '') =>
    await waitUntil(`${reason} ${text}`, 60_000, async () => {
      const lines = (await setup.readiness()).split('\n')
      return lines.find((line) => line.startsWith(`${reason}: `) && line.includes(text))
    })

  await withRealPart('a control plane', start, (setup) => {
    suite('a tenant who may write ConfigMaps and EndpointSlices', () => {
      test('gets no key published, before or after a restart of the watch, and receives no credential', async (t) => {
        const isPublished = async () => (await setup.readPublishedKids()).length === 1 || undefined
        await waitUntil('the first key', 60_000, isPublished)
        const token = setup.plane.userTokens.get(tenant) ?? ''
        await grantPermissions(setup.plane, { name: tenant, token }, permissions)
        const authority = await createCertificateAuthority()
        const seen = await serveForged(t, authority)
        const bundle = `${await setup.readCaBundle()}\n${authority.ca}`
        const asTenant = { ...setup.plane, adminToken: token }
        const patch = { immutable: true, data: { 'ca.crt': bundle } }
        const contentType = 'application/merge-patch+json'
        const changed = await requestKubernetes(asTenant, { method: 'PATCH', path: rootCa, contentType, body: patch })
        assert.equal(changed.status, 200, changed.body)
        await waitUntil(
          'the bundle in the Pod',
          30_000,
          async () => (await setup.readCaBundle()) === bundle || undefined,
        )
        await setup.addEndpoint(foreign, port, token)
        assert.match(
          await alarm(setup, 'AUTHORITY_CHANGED', 'since pullpass started'),
          /was changed since pullpass started \(added [0-9A-F:]{95}\)/,
        )
        assert.match(await alarm(setup, 'API_SERVER_UNREADABLE'), /CERTIFICATE_UNTRUSTED: .*10\.78\.0\.3:6443/)
        await waitForRounds(setup, 2)
        assert.deepEqual(await setup.readPublishedKids(), [kidOf(first)])
        await setup.restartWatch()
        assert.match(
          await alarm(setup, 'AUTHORITY_CHANGED', 'another CA'),
          /has another CA than those that are recorded or accepted/,
        )
        assert.deepEqual(await setup.readPublishedKids(), [kidOf(first)])
        assert.deepEqual(seen, [])
      })
    })

    suite('an API server of the cluster at a new address', () => {
      test('with a key that the known server does not have: an alarm, and the key is published after an operator accepts it', async () => {
        const replica = await setup.startReplica({
          listen: { address: further, port },
          keys: { signing: next, verifying: [next, first] },
        })
        const message = await alarm(setup, 'KEY_UNCONFIRMED')
        const [key] = parseJwks(JSON.stringify({ keys: [jwkOf(next)] })) ?? []
        assert.ok(key)
        assert.ok(message.includes(`"${kidOf(next)}" is served by https://${further}:${port} only`), message)
        assert.ok(message.includes(`--accept-key=${thumbprintOf(key)}`), message)
        assert.deepEqual(await setup.readPublishedKids(), [kidOf(first)])
        await setup.restartWatch(`--accept-key=${thumbprintOf(key)}`)
        const isPublished = async () => (await setup.readPublishedKids()).includes(kidOf(next)) || undefined
        await waitUntil('the accepted key', 60_000, isPublished)
        await replica.stop()
      })
    })
  })
}

await (process.env['PULLPASS_OWN_NETWORK'] === undefined ? withNetwork() : withControlPlane())
